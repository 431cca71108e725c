using SafetyPortal.Tests;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests;

/// <summary>A comparison that passes on NaN proves nothing.</summary>
public sealed class TensorAssertionsTests
{
    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void ShouldMatch_NotFinite_Fails(float value)
    {
        using var scope = NewDisposeScope();
        var (bad, good) = (tensor(new[] { 1f, value }), tensor(new[] { 1f, 2f }));
        Should.Throw<ShouldAssertException>(() => bad.ShouldMatch(good, 1e9, "numbers"));
        Should.Throw<ShouldAssertException>(() => bad.ShouldMatch(bad, 1e9, "numbers"));
        Should.Throw<ShouldAssertException>(() => ((double)value).Finite()).Message.ShouldContain("expected a finite number");
    }
}
