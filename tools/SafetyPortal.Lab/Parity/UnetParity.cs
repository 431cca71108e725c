using SafetyPortal.Diffusion.Unet;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>01_unet: outputs, every recorded layer, and gradients of the sum of squares, against diffusers.</summary>
internal static class UnetParity
{
    private const double OutputTolerance = 1e-4;
    private const double GradientTolerance = 1e-3;

    public static void Check(GoldenItem item)
    {
        using var unet = UNet2DConditionModel.Load(item.At("pipeline", "unet"));
        foreach (var name in item.Before(".sample").Where(n => !n.Contains('.', StringComparison.Ordinal)))
        {
            using var scope = NewDisposeScope();
            CheckOutputs(name, unet, item);
            if (item.Has($"{name}.J") || item.After($"{name}.grad.").Count > 0)
                CheckGradients(name, unet, item);
            else
                item.Absent($"gradients of case {name}");
        }
    }

    private static void CheckOutputs(string name, UNet2DConditionModel unet, GoldenItem item)
    {
        using var frozen = no_grad();
        item.Layers($"{name}.mid.", unet, Call, item.Largest, OutputTolerance);

        void Call() => item.Largest(
            $"{name}.out", unet.call(item.Read($"{name}.sample"), item.Read($"{name}.timestep"), item.Read($"{name}.encoder_hidden_states")), OutputTolerance);
    }

    private static void CheckGradients(string name, UNet2DConditionModel unet, GoldenItem item)
    {
        var sample = item.Read($"{name}.sample").requires_grad_();
        var text = item.Read($"{name}.encoder_hidden_states").requires_grad_();
        using var gradients = new ParameterGradients(unet);
        var objective = unet.call(sample, item.Read($"{name}.timestep"), text).pow(2).sum();
        objective.backward();

        if (item.Has($"{name}.J"))
            item.Number($"{name}.J", objective.ToDouble(), item.Scalar($"{name}.J"), GradientTolerance);
        foreach (var input in item.After($"{name}.grad_in."))
            item.Relative($"{name}.grad_in.{input}", input == "sample" ? sample.grad! : text.grad!, GradientTolerance);
        foreach (var parameter in item.After($"{name}.grad."))
            item.Relative($"{name}.grad.{parameter}", gradients[parameter], GradientTolerance);
        GradientSummary.Check($"grad_summary_{name}.json", "", gradients, item, GradientTolerance);
    }
}
