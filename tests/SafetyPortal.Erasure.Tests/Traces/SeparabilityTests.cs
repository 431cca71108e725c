using SafetyPortal.Erasure.Traces;

namespace SafetyPortal.Erasure.Tests.Traces;

public sealed class SeparabilityTests
{
    [Fact]
    public void Distance_SamplesApart_IsOne() => Separability.Distance([0f, 0.01f], [1f, 0.99f]).ShouldBe(1, 1e-12);

    [Fact]
    public void Distance_SameSamples_IsZero() => Separability.Distance([0f, 0.5f, 1f], [1f, 0.5f, 0f]).ShouldBe(0, 1e-12);

    [Fact]
    public void Distance_HalfShared_IsTheRootOfItsDivergence()
    {
        // P is all in the first bin, Q half in the first and half in the last: M = (3/4, 1/4);
        // JSD = 1/2 log2(4/3) + 1/2 (1/2 log2(2/3) + 1/2 log2 2) = 0.2075 - 0.1462 + 0.25 = 0.3113 bits, by hand.
        Separability.Distance([0f, 0f], [0f, 1f]).ShouldBe(Math.Sqrt(0.311278), 1e-6);
    }

    [Fact]
    public void Distance_NoSpread_IsZero() => Separability.Distance([3f, 3f], [3f]).ShouldBe(0);

    [Fact]
    public void Distance_EmptySide_IsRefused() => Should.Throw<ArgumentException>(() => Separability.Distance([], [1f]));

    [Fact]
    public void PerUnit_TwoUnits_JudgesEachByItself() =>
        Separability.PerUnit([[0f, 5f], [0f, 6f]], [[1f, 5f], [1f, 6f]]).ShouldBe([1.0, 0.0], 1e-12);
}
