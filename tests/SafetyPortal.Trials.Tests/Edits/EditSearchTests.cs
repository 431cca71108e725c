using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Tests;
using SafetyPortal.Trials.Edits;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Tests.Edits;

public sealed class EditSearchTests
{
    // The other gallery has the image under another name; what the model paints itself is the same in both calls.
    [Fact]
    public void Measure_ImageOfTheUneditedModelKnown_IsNotPaintedAgain()
    {
        var root = Directory.CreateTempSubdirectory("search");
        using var model = LoadedModel.Load(TinyModelFolder.Create(root.FullName));
        var plan = new EvaluationPlan(
        [
            new("church-00", "a church", 1, CaseGroup.Target, "church", IsStyle: false),
            new("dog-00", "a dog", 2, CaseGroup.Unrelated, "dog", IsStyle: false),
        ]);
        var nothing = PatchBuilder.FromMask(model.Pipeline.Unet, new AblationMask([]), new AblationSettings(0.1));
        DetectionChange Detection(string seen)
        {
            var reading = new ImageReading("church-07", "", seen, "", "", ClipScore: null);
            var gallery = new SearchGallery(model, plan, [(plan.Cases[0] with { Id = "church-07" }, reading)]);
            return gallery.Measure(nothing, minDrop: 0.9).Metrics.Target.Detection;
        }

        Detection("church").Before.ShouldBe(1);
        Detection("house").Before.ShouldBe(0);
        Detection("church").After.ShouldBe(Detection("house").After);
        root.Delete(recursive: true);
    }

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
