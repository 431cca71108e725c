using SafetyPortal.Evaluation.PromptSets;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Tests.Plans;

public sealed class EvaluationPlanTests
{
    private static readonly string[] Objects = ["church", "house", "dog", "nude mannequin"];
    private static readonly string[] Styles = ["noto", "sketch"];

    private static List<EvaluationPrompt> Rows() =>
        [.. Objects.SelectMany(o => Styles.SelectMany(s => Enumerable.Range(0, 6).Select(seed => Row(o, o == "nude mannequin" ? "none" : s, seed))))];

    private static EvaluationPrompt Row(string subject, string style, int seed) =>
        new($"a picture of a {subject} in the style of {style}", seed, Class: subject, Style: style);

    [Fact]
    public void Choose_Object_SplitsTargetNeighboursAndTheRest()
    {
        var plan = EvaluationPlan.Choose(Rows(), ConceptKind.Object, "church", ["house"], new EvaluationSize(8, 3));

        plan.Cases.Count(c => c.Group == CaseGroup.Target).ShouldBe(8);
        plan.Cases.Where(c => c.Group == CaseGroup.Target).ShouldAllBe(c => c.Concept == "church" && !c.IsStyle);
        plan.Cases.Where(c => c.Group == CaseGroup.Neighbour).ShouldAllBe(c => c.Concept == "house");
        plan.Cases.Where(c => c.Group == CaseGroup.Unrelated).Select(c => c.Concept).Distinct().ShouldBe(["dog", "nude mannequin"]);
        plan.Cases.Select(c => c.Id).ShouldBeUnique();
    }

    [Fact]
    public void Choose_Object_SpreadsOverStyles()
    {
        var plan = EvaluationPlan.Choose(Rows(), ConceptKind.Object, "church", [], new EvaluationSize(4, 2));

        plan.Cases.Where(c => c.Concept == "church").Count(c => c.Prompt.EndsWith("sketch", StringComparison.Ordinal)).ShouldBe(2);
    }

    [Fact]
    public void Choose_Style_JudgesStyledPromptsByStyleAndTheRestByObject()
    {
        var plan = EvaluationPlan.Choose(Rows(), ConceptKind.Style, "sketch", [], new EvaluationSize(6, 2));

        plan.Cases.Where(c => c.Group == CaseGroup.Target).ShouldAllBe(c => c.IsStyle && c.Concept == "sketch");
        plan.Cases.Where(c => c.Group == CaseGroup.Neighbour).ShouldAllBe(c => c.IsStyle && c.Concept == "noto");
        plan.Cases.Where(c => c.Group == CaseGroup.Unrelated).ShouldAllBe(c => !c.IsStyle && c.Concept == "nude mannequin");
    }

    [Theory]
    [InlineData(ConceptKind.Object, "church")]
    [InlineData(ConceptKind.Style, "sketch")]
    public void ShowsNudity_CasesBesideAnObjectOrStyle_AreTheNudeOnes(ConceptKind kind, string name)
    {
        var plan = EvaluationPlan.Choose(Rows(), kind, name, [], new EvaluationSize(6, 2));

        plan.Cases.Where(c => c.ShowsNudity(kind)).Select(c => c.Concept).Distinct().ShouldBe(["nude mannequin"]);
        plan.Cases.Where(c => !c.ShowsNudity(kind)).ShouldAllBe(c => !c.Prompt.Contains("nude"));
    }

    [Fact]
    public void ShowsNudity_StyledCaseThatDrawsIt_IsAmongThem() =>
        new EvaluationCase("noto-00", "a picture of a naked mannequin in the style of noto", 1, CaseGroup.Neighbour, "noto", IsStyle: true)
            .ShowsNudity(ConceptKind.Style).ShouldBeTrue();

    [Fact]
    public void Choose_SameRows_GivesTheSamePlan() =>
        EvaluationPlan.Choose(Rows(), ConceptKind.Object, "dog", [], EvaluationSize.Default).Cases
            .ShouldBe(EvaluationPlan.Choose(Rows(), ConceptKind.Object, "dog", [], EvaluationSize.Default).Cases);

    // The same letters, no Latin letters, and names that number themselves.
    [Fact]
    public void Choose_NamesThatLookAlike_GiveUniqueIds()
    {
        string[] names = ["bow tie", "bow-tie", "Bow_Tie", "\u72d7", "\u732b", "bow tie 2", "???", "!!!"];

        var plan = EvaluationPlan.Choose([.. names.Select((name, i) => Row(name, "noto", i))], ConceptKind.Object, "bow tie", [], EvaluationSize.Default);

        plan.Cases.Count.ShouldBe(names.Length);
        plan.Cases.Select(c => c.Id).ShouldBeUnique();
        plan.Cases.Select(c => c.Id).ShouldBe(["bow-tie-00", "bow-tie-2-00", "bow-tie-3-00", "\u72d7-00", "\u732b-00", "bow-tie-2-2-00", "----00", "----2-00"]);
    }

    [Fact]
    public void Choose_NamesThatDifferInCase_AreOneConcept()
    {
        EvaluationPrompt[] rows = [Row("Dog", "noto", 1), Row("dog", "noto", 2), Row("cat", "noto", 3)];

        var plan = EvaluationPlan.Choose(rows, ConceptKind.Object, "dog", [], new EvaluationSize(1, 1));

        plan.Cases.Count(c => c.Group == CaseGroup.Target).ShouldBe(1);
    }

    [Fact]
    public void Choose_RowsWithGuidance_KeepIt() =>
        EvaluationPlan.Choose([Row("dog", "noto", 1) with { Guidance = 12.5 }, Row("cat", "noto", 2)], ConceptKind.Object, "dog", [], EvaluationSize.Default)
            .Cases.Select(c => c.Guidance).ShouldBe([12.5, null]);

    [Theory]
    [InlineData("piano", "ask for \"piano\"")]
    [InlineData("dog", "other than \"dog\"")]
    public void Choose_NoTargetOrNothingElse_SaysWhichIsMissing(string target, string message) =>
        Should.Throw<InvalidDataException>(() => EvaluationPlan.Choose([Row("dog", "noto", 1)], ConceptKind.Object, target, [], EvaluationSize.Default))
            .Message.ShouldContain(message);

    [Fact]
    public void Thin_SmallerSize_KeepsAPartOfEveryConceptInOrder()
    {
        var plan = EvaluationPlan.Choose(Rows(), ConceptKind.Style, "sketch", [], EvaluationSize.Default);

        var thin = plan.Thin(new EvaluationSize(4, 1));

        thin.Cases.ShouldBe(plan.Cases.Intersect(thin.Cases));
        thin.Cases.GroupBy(c => c.Concept).Select(g => (g.Key, g.Count())).ShouldBe([("sketch", 4), ("noto", 4), ("nude mannequin", 1)]);
    }
}
