using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests;

/// <summary>Comparisons of tensors with recorded ones.</summary>
internal static class TensorAssertions
{
    /// <summary>Largest absolute difference at most <paramref name="tolerance"/>; shapes must be equal.</summary>
    public static void ShouldMatch(this Tensor actual, Tensor expected, double tolerance, string what)
    {
        actual.shape.ShouldBe(expected.shape, what);
        using var scope = NewDisposeScope();
        var worst = (actual.detach().to(ScalarType.Float64) - expected.to(ScalarType.Float64)).abs().max().ToDouble();
        worst.Finite(what).ShouldBeLessThanOrEqualTo(tolerance, what);
    }

    /// <summary>|actual - expected| / |expected| at most <paramref name="tolerance"/>.</summary>
    public static void ShouldMatchRelatively(this Tensor actual, Tensor expected, double tolerance, string what)
    {
        actual.shape.ShouldBe(expected.shape, what);
        using var scope = NewDisposeScope();
        var e = expected.to(ScalarType.Float64);
        var difference = (actual.detach().to(ScalarType.Float64) - e).norm().ToDouble();
        (difference / e.norm().ToDouble()).Finite(what).ShouldBeLessThanOrEqualTo(tolerance, what);
    }

    /// <summary>The names under a prefix such as <c>A.mid.</c>, without it.</summary>
    public static List<string> NamesUnder(this SafetensorsFile file, string prefix) =>
        [.. file.Entries.Keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal)).Select(k => k[prefix.Length..])];
}
