using System.Text.Json;
using SafetyPortal.Diffusion;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>Compares sum, length and largest entry of every parameter's gradient, and of score = weight x gradient, with a summary file.</summary>
internal static class GradientSummary
{
    /// <param name="file">The JSON file: parameter name to numbers, in parameter order.</param>
    /// <param name="prefix">"grad_" where the keys carry it, otherwise empty.</param>
    public static void Check(string file, string prefix, ParameterGradients gradients, GoldenItem item, double tolerance)
    {
        if (!File.Exists(item.Here(file)))
        {
            item.Absent(file);
            return;
        }

        List<JsonProperty> summary = [.. item.Json(file).EnumerateObject()];
        item.Exact("parameter names", [.. gradients.Names], [.. summary.Select(p => p.Name)]);
        foreach (var entry in summary.Where(p => gradients.Names.Contains(p.Name)))
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            var gradient = gradients[entry.Name].to(ScalarType.Float64);
            Numbers(entry, prefix, gradient, item, tolerance);
            Numbers(entry, "score_", gradient * gradients.Parameter(entry.Name).to(ScalarType.Float64), item, tolerance);
        }
    }

    // Sums cancel, so they are measured against the length.
    private static void Numbers(JsonProperty entry, string prefix, Tensor values, GoldenItem item, double tolerance)
    {
        if (!entry.Value.TryGetProperty(prefix + "l2", out var length))
            return;
        var l2 = PythonJson.AsDouble(length);
        var scale = l2 > 0 ? l2 : 1;
        Number("l2", values.norm(), scale);
        Number("sum", values.sum(), scale * Math.Sqrt(values.numel()));
        Number("absmax", values.abs().max(), scale);

        void Number(string key, Tensor actual, double unit)
        {
            if (entry.Value.TryGetProperty(prefix + key, out var expected))
                item.Add($"{entry.Name} {prefix}{key}", Math.Abs(actual.ToDouble() - PythonJson.AsDouble(expected)) / unit, tolerance);
        }
    }
}
