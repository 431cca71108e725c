using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Unet;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>01_unet: outputs, every recorded layer, and gradients of the sum of squares, against diffusers.</summary>
internal static class UnetParity
{
    private const double OutputTolerance = 1e-4;
    private const double GradientTolerance = 1e-3;

    public static void Check(GoldenSet set, ItemChecks checks)
    {
        using var golden = set.Tensors("01_unet");
        using var unet = UNet2DConditionModel.Load(set.At("pipeline", "unet"));
        foreach (var name in golden.Before(".sample").Where(n => !n.Contains('.', StringComparison.Ordinal)))
        {
            using var scope = NewDisposeScope();
            CheckCase(name, unet, golden, checks);
            if (golden.Has($"{name}.J") || golden.After($"{name}.grad.").Count > 0)
                CheckGradients(name, unet, golden, set, checks);
            else
                checks.Absent($"gradients of case {name}");
        }

        checks.Unchecked(golden.Unread);
    }

    private static void CheckCase(string name, UNet2DConditionModel unet, GoldenTensors golden, ItemChecks checks)
    {
        using var frozen = no_grad();
        var layers = golden.Layers($"{name}.mid.", unet);
        using var recorded = ModuleOutputs.Record(unet, layers);
        var output = unet.call(golden.Read($"{name}.sample"), golden.Read($"{name}.timestep"), golden.Read($"{name}.encoder_hidden_states"));
        checks.Largest($"{name}.out", output, golden.Read($"{name}.out"), OutputTolerance);
        foreach (var layer in layers)
            checks.Largest($"{name}.mid.{layer}", recorded.Outputs[layer], golden.Read($"{name}.mid.{layer}"), OutputTolerance);
    }

    private static void CheckGradients(string name, UNet2DConditionModel unet, GoldenTensors golden, GoldenSet set, ItemChecks checks)
    {
        var sample = golden.Read($"{name}.sample").requires_grad_();
        var text = golden.Read($"{name}.encoder_hidden_states").requires_grad_();
        using var gradients = new ParameterGradients(unet);
        var objective = unet.call(sample, golden.Read($"{name}.timestep"), text).pow(2).sum();
        objective.backward();

        if (golden.Has($"{name}.J"))
            checks.Number($"{name}.J", objective.ToDouble(), golden.Read($"{name}.J").to(ScalarType.Float64).sum().ToDouble(), GradientTolerance);
        foreach (var input in golden.After($"{name}.grad_in."))
        {
            var gradient = input == "sample" ? sample.grad! : text.grad!;
            checks.Relative($"{name}.grad_in.{input}", gradient, golden.Read($"{name}.grad_in.{input}"), GradientTolerance);
        }

        foreach (var parameter in golden.After($"{name}.grad."))
            checks.Relative($"{name}.grad.{parameter}", gradients[parameter], golden.Read($"{name}.grad.{parameter}"), GradientTolerance);
        var summary = $"grad_summary_{name}.json";
        if (set.Has("01_unet", summary))
            GradientSummary.Check(set.Json("01_unet", summary), "", gradients, checks, GradientTolerance);
        else
            checks.Absent(summary);
    }
}
