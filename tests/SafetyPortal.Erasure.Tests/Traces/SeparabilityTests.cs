using SafetyPortal.Erasure.Traces;

namespace SafetyPortal.Erasure.Tests.Traces;

public sealed class SeparabilityTests
{
    // P is all in the first bin, Q half in the first and half in the last: M = (3/4, 1/4);
    // JSD = 1/2 log2(4/3) + 1/2 (1/2 log2(2/3) + 1/2 log2 2) = 0.2075 - 0.1462 + 0.25 = 0.3113 bits, by hand, and its root.
    [Theory]
    [InlineData(new[] { 0f, 0.01f }, new[] { 1f, 0.99f }, 1)]
    [InlineData(new[] { 0f, 0.5f, 1f }, new[] { 1f, 0.5f, 0f }, 0)]
    [InlineData(new[] { 0f, 0f }, new[] { 0f, 1f }, 0.557923)]
    [InlineData(new[] { 3f, 3f }, new[] { 3f }, 0)]
    public void Distance_KnownSamples_IsTheRootOfTheirDivergence(float[] first, float[] second, double expected) =>
        Separability.Distance(first, second).ShouldBe(expected, 1e-6);

    [Fact]
    public void Distance_EmptySide_IsRefused() => Should.Throw<ArgumentException>(() => Separability.Distance([], [1f]));

    [Fact]
    public void PerUnit_TwoUnits_MeasuresEachByItself() =>
        Separability.PerUnit([[0f, 5f], [0f, 6f]], [[1f, 5f], [1f, 6f]]).ShouldBe([1.0, 0.0], 1e-12);
}
