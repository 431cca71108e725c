using System.Text.Json;
using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests.Unet;

/// <summary>Against diffusers v0.30.3 on the same weights; tolerances from tests/goldens/01_unet/README.md.</summary>
public sealed class UNetParityTests : IDisposable
{
    private const double Tolerance = 1e-4;
    private const double GradientTolerance = 1e-3;

    private readonly DisposeScope scope = NewDisposeScope();
    private readonly UNet2DConditionModel unet = UNet2DConditionModel.Load(GoldenFolder.At("pipeline", "unet"));
    private readonly SafetensorsFile golden = SafetensorsFile.Open(GoldenFolder.At("01_unet", "io.safetensors"));

    [Theory]
    [InlineData("A")]
    [InlineData("B")]
    [InlineData("C")]
    public void Forward_RecordedInput_MatchesDiffusers(string @case)
    {
        using var gradients = no_grad();
        var output = unet.call(golden.Read($"{@case}.sample"), golden.Read($"{@case}.timestep"), golden.Read($"{@case}.encoder_hidden_states"));
        output.ShouldMatch(golden.Read($"{@case}.out"), Tolerance, @case);
    }

    [Fact]
    public void Forward_EveryRecordedLayer_MatchesDiffusers()
    {
        using var gradients = no_grad();
        var names = golden.NamesUnder("A.mid.");
        names.Count.ShouldBeGreaterThan(25);
        using var recorded = ModuleOutputs.Record(unet, names);
        unet.call(golden.Read("A.sample"), golden.Read("A.timestep"), golden.Read("A.encoder_hidden_states"));
        foreach (var name in names)
            recorded.Outputs[name].ShouldMatch(golden.Read("A.mid." + name), Tolerance, name);
    }

    [Fact]
    public void Backward_SumOfSquares_MatchesDiffusersForEveryParameter()
    {
        var sample = golden.Read("A.sample").requires_grad_();
        var text = golden.Read("A.encoder_hidden_states").requires_grad_();
        var objective = unet.call(sample, golden.Read("A.timestep"), text).pow(2).sum();
        objective.backward();

        (objective.ToDouble() / golden.Read("A.J").reshape([]).ToDouble()).ShouldBe(1, GradientTolerance);
        sample.grad!.ShouldMatchRelatively(golden.Read("A.grad_in.sample"), GradientTolerance, "sample");
        text.grad!.ShouldMatchRelatively(golden.Read("A.grad_in.encoder_hidden_states"), GradientTolerance, "encoder_hidden_states");
        var gradients = unet.named_parameters().ToDictionary(p => p.name, p => p.parameter.grad!, StringComparer.Ordinal);
        foreach (var name in golden.NamesUnder("A.grad."))
            gradients[name].ShouldMatchRelatively(golden.Read("A.grad." + name), GradientTolerance, name);

        using var summary = JsonDocument.Parse(File.ReadAllText(GoldenFolder.At("01_unet", "grad_summary_A.json")));
        var parameters = summary.RootElement.EnumerateObject().ToList();
        gradients.Keys.ShouldBe(parameters.Select(p => p.Name));
        foreach (var parameter in parameters)
        {
            var gradient = gradients[parameter.Name].to(ScalarType.Float64);
            var l2 = parameter.Value.GetProperty("l2").GetDouble();
            gradient.norm().ToDouble().ShouldBe(l2, l2 * GradientTolerance, parameter.Name);
            var n = gradient.numel();
            gradient.sum().ToDouble().ShouldBe(parameter.Value.GetProperty("sum").GetDouble(), l2 * Math.Sqrt(n) * GradientTolerance, parameter.Name);
            gradient.abs().max().ToDouble().ShouldBe(parameter.Value.GetProperty("absmax").GetDouble(), l2 * GradientTolerance, parameter.Name);
        }
    }

    public void Dispose()
    {
        golden.Dispose();
        unet.Dispose();
        scope.Dispose();
    }
}
