namespace SafetyPortal.Evaluation;

public sealed class DistanceTests
{
    [Fact]
    public void Fid_SameSets_IsZeroAndHasNoDirection()
    {
        var (a, b) = (new Features([0, 1, 2, 5, 3, 3, 7, 1], 2), new Features([1, 1, 0, 4, 9, 2], 2));

        Fid.Distance(a, a).ShouldBe(0, 1e-9);
        Fid.Distance(b, a).ShouldBe(Fid.Distance(a, b), 1e-9);
    }

    // On a line, 0 and 2 have mean 1 and variance 2; 1, 4 and 7 mean 4 and variance 9: (1 - 4)^2 + (sqrt 2 - 3)^2 by hand.
    [Fact]
    public void Fid_OneDimension_IsDistanceOfMeansAndDeviations() =>
        Fid.Distance(new Features([0, 2], 1), new Features([1, 4, 7], 1)).ShouldBe(9 + Math.Pow(Math.Sqrt(2) - 3, 2), 1e-12);

    // float64 sums of squares would lose all digits of a unit variance here.
    [Fact]
    public void Fid_FarFromZero_KeepsItsDigits()
    {
        const float Far = 1 << 22;
        Fid.Distance(new Features([Far - 1, Far, Far + 1], 1), new Features([Far - 2, Far, Far + 2], 1)).ShouldBe(1, 1e-9);
    }

    [Fact]
    public void Fid_SetsThatCannotBeCompared_SaysWhy()
    {
        Should.Throw<ArgumentException>(() => Fid.Distance(new Features(new float[6], 3), new Features(new float[8], 4)))
            .Message.ShouldContain("Expected 3 features, the second set has 4");
        Should.Throw<ArgumentException>(() => Fid.Distance(new Features([1, 2], 1), new Features([1], 1)))
            .Message.ShouldContain("at least 2 images in each set");
    }
}
