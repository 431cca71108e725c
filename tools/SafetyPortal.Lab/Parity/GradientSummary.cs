using System.Text.Json;
using SafetyPortal.Diffusion;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>Compares sum, length and largest entry of every parameter's gradient, and of score = weight x gradient, with a summary file.</summary>
internal static class GradientSummary
{
    /// <param name="summary">Parameter name to numbers, in parameter order.</param>
    /// <param name="prefix">"grad_" where the keys carry it, otherwise empty.</param>
    public static void Check(JsonElement summary, string prefix, ParameterGradients gradients, ItemChecks checks, double tolerance)
    {
        checks.Exact("parameter names", [.. gradients.Names], [.. summary.EnumerateObject().Select(p => p.Name)]);
        foreach (var entry in summary.EnumerateObject().Where(p => gradients.Names.Contains(p.Name)))
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            var gradient = gradients[entry.Name].to(ScalarType.Float64);
            Numbers(entry, prefix, gradient, checks, tolerance);
            if (entry.Value.TryGetProperty("score_l2", out _))
                Numbers(entry, "score_", gradient * gradients.Parameter(entry.Name).to(ScalarType.Float64), checks, tolerance);
        }
    }

    // Sums cancel, so they are measured against the length.
    private static void Numbers(JsonProperty entry, string prefix, Tensor values, ItemChecks checks, double tolerance)
    {
        double? Of(string key) => entry.Value.TryGetProperty(prefix + key, out var value) ? PythonJson.AsDouble(value) : null;
        if (Of("l2") is not { } l2)
            return;
        var scale = l2 > 0 ? l2 : 1;
        checks.Add($"{entry.Name} {prefix}l2", Math.Abs(values.norm().ToDouble() - l2) / scale, tolerance);
        if (Of("sum") is { } sum)
            checks.Add($"{entry.Name} {prefix}sum", Math.Abs(values.sum().ToDouble() - sum) / (scale * Math.Sqrt(values.numel())), tolerance);
        if (Of("absmax") is { } largest)
            checks.Add($"{entry.Name} {prefix}absmax", Math.Abs(values.abs().max().ToDouble() - largest) / scale, tolerance);
    }
}
