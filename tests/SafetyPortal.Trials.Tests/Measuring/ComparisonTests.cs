using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Tests.Measuring;

public sealed class ComparisonTests
{
    private static readonly EvaluationPlan Plan = new(
    [
        Case("church-00", CaseGroup.Target, "church"), Case("church-01", CaseGroup.Target, "church"),
        Case("dog-00", CaseGroup.Unrelated, "dog"), Case("dog-01", CaseGroup.Unrelated, "dog"),
        Case("cat-00", CaseGroup.Neighbour, "cat"), Case("cat-01", CaseGroup.Neighbour, "cat"),
        Case("saw-00", CaseGroup.Unrelated, "saw"),
    ]);

    private static EvaluationCase Case(string id, CaseGroup group, string concept) => new(id, $"a {concept}", 1, group, concept, IsStyle: false);

    private static IReadOnlyList<ImageReading> Seen(params string[] objects) =>
        [.. objects.Select((o, i) => new ImageReading(Plan.Cases[i].Id, $"image-{i}", o, "noto", o, 20 + i))];

    [Fact]
    public void Between_TwoGalleries_CountsTargetAndKeepsPerConcept()
    {
        var before = Seen("church", "church", "dog", "dog", "cat", "dog", "dog");
        var after = Seen("house", "church", "dog", "cat", "cat", "cat", "saw");

        var metrics = Comparison.Between(Plan, before, after);

        metrics.Target.Detection.Before.ShouldBe(1);
        metrics.Target.Detection.After.ShouldBe(0.5);
        metrics.Target.Detection.N.ShouldBe(2);

        // dog keeps 1 of 2, cat rose from 1 to 2 and counts as kept, saw was never seen before and does not count.
        metrics.Retention.Mean.ShouldBe(0.75);
        metrics.Retention.Worst.ShouldBe(0.5);
        metrics.Retention.N.ShouldBe(5);
        metrics.Retention.Concepts.ShouldNotBeNull().ShouldContain(new ConceptRetention("object", "cat", 0.5, 1, 2));
        metrics.ClipScore.ShouldNotBeNull().Before.ShouldBe(24); // 22..26
    }

    [Fact]
    public void Between_NothingSeenBefore_RetainsNothing() =>
        Comparison.Between(Plan, Seen("x", "x", "x", "x", "x", "x", "x"), Seen("x", "x", "x", "x", "x", "x", "x")).Retention.N.ShouldBe(0);

    [Fact]
    public void Control_OfTargetsAlone_HasNoRetention()
    {
        var before = Seen("church", "church", "dog", "dog", "cat", "cat", "saw");

        var control = Comparison.Control(Plan, before, Seen("church", "dog"));

        control.Detection.After.ShouldBe(0.5);
        control.RetentionMean.ShouldBeNull();
    }

    [Fact]
    public void Merit_DropAndRetention_IsTheLesserShareOfThePolicy()
    {
        var policy = new PolicyDocument();
        var before = Seen("church", "church", "dog", "dog", "cat", "cat", "saw");

        Comparison.Merit(policy, Comparison.Between(Plan, before, Seen("x", "x", "dog", "dog", "cat", "cat", "saw"))).ShouldBe(1);
        Comparison.Merit(policy, Comparison.Between(Plan, before, Seen("church", "x", "dog", "dog", "cat", "cat", "saw"))).ShouldBe(0.5 / 0.8, 1e-9);
        Comparison.Merit(policy, Comparison.Between(Plan, before, before)).ShouldBe(0);
    }
}
