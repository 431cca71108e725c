using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Trials.Edits;

namespace SafetyPortal.Trials.Tests.Edits;

public sealed class EditSearchTests
{
    [Theory]
    [InlineData(1, 8, 16, false)] // 10 % of 16 are 1.6: one may be left
    [InlineData(2, 8, 16, true)]
    [InlineData(3, 16, 32, false)]
    [InlineData(4, 16, 32, true)]
    public void Decided_FirstLook_StopsOnlyWhenTheRestCannotHelp(int left, int n, int targets, bool decided) =>
        SearchGallery.Decided(new DetectionChange(1, (double)left / n, n, null, null), targets, minDrop: 0.9).ShouldBe(decided);

    [Fact]
    public void Variants_ImprovedMethod_DifferInScopeWindowAndCandidates()
    {
        var asked = Settings(EraseMethod.Improved);

        var variants = asked.Variants();

        variants[0].ShouldBe(asked);
        variants.ShouldContain(v => v.Scope == AblationScope.Model);
        variants.ShouldContain(v => v.Window < asked.Window);
        variants.ShouldContain(v => v.FeedForwardOnly);
        variants.Select(v => v.Candidates).Distinct().ShouldBe([CandidateSet.FeedForwardAndAttention]);
    }

    [Theory]
    [InlineData(EraseMethod.Cad)]
    [InlineData(EraseMethod.App)]
    public void Variants_OtherMethods_AreTriedAsAsked(EraseMethod method)
    {
        Settings(method).Variants().Count.ShouldBe(1);
        Settings(method).Candidates.ShouldBe(CandidateSet.FeedForward);
    }

    private static EditSettings Settings(EraseMethod method) => new()
    {
        Kind = ConceptKind.Style,
        Name = "sketch",
        Prompts = [new PromptPair("a fish in the style of sketch", "a fish")],
        Method = method,
    };
}
