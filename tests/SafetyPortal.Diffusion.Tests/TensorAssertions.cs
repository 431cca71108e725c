using SafetyPortal.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests;

internal static class TensorAssertions
{
    /// <summary>Asserts equal shapes and a largest absolute difference of at most <paramref name="tolerance"/>.</summary>
    public static void ShouldMatch(this Tensor actual, Tensor expected, double tolerance, string what)
    {
        actual.shape.ShouldBe(expected.shape, what);
        using var scope = NewDisposeScope();
        var worst = (actual.detach().to(ScalarType.Float64) - expected.to(ScalarType.Float64)).abs().max().ToDouble();
        worst.Finite(what).ShouldBeLessThanOrEqualTo(tolerance, what);
    }
}
