using SafetyPortal.Cli.Study;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Evidence;

namespace SafetyPortal.Cli.Tests.Study;

public class StudyPageTests
{
    [Fact]
    public void WorstRetention_CountsAWinOnlyWhereErasureIsNotBehind()
    {
        StudiedConcept[] concepts =
        [
            Concept("a", Arm("cad", after: 0.1, worst: 0.5), Arm("improved", after: 0.1, worst: 0.75)),
            Concept("b", Arm("cad", after: 0.1, worst: 0.5), Arm("improved", after: 0, worst: 0.5)),
            Concept("c", Arm("cad", after: 0.1, worst: 0.75), Arm("improved", after: 0, worst: 0.5)),
            Concept("d", Arm("cad", after: 0, worst: 0.5), Arm("improved", after: 0.2, worst: 1)),
            Concept("e", Arm("cad", after: 0, worst: 0.5)),
        ];

        StudyPage.WorstRetention(concepts).ShouldBe((1, 1, 1, 2));
    }

    [Fact]
    public void Write_ImprovedIsBehind_SaysSoPlainly()
    {
        var page = StudyPage.Write([Concept("a", Arm("cad", 0, 1), Arm("improved", 0, 0.5))], "./portal study", ["seed 0"], _ => null);

        page.ShouldContain("does **not** beat plain CAD on worst retention at equal erasure: better for 0 concepts, equal for 0, worse for 1");
    }

    [Fact]
    public void Write_OneConcept_HasARowPerModelWithNAndInterval()
    {
        var page = StudyPage.Write([Concept("apple", Arm("cad", 0.25, 0.5))], "./portal study", ["seed 0"], concept => $"evidence/{concept.Name}.webp");

        page.ShouldContain("## object apple");
        page.ShouldContain("| name of cad | 5 % | 1,234 | 25 % (16) | 10 % to 40 % | 90 % (30) | 85 % to 95 % | 50 % |");
        page.ShouldContain("(evidence/apple.webp)");
    }

    private static StudiedConcept Concept(string name, params StudiedArm[] arms) =>
        new("settings", ConceptKind.Object, name, [$"a picture of a {name}"], Faithfulness: null, arms);

    private static StudiedArm Arm(string code, double after, double worst) => new(
        code,
        $"name of {code}",
        Dose: 0.05,
        Weights: 1234,
        new MetricsSummary(
            new(new(1, after, 16, new(0.8, 1), new(0.1, 0.4))),
            new(0.9, worst, 30, new(0.85, 0.95), []),
            Placebo: null,
            new ClipScoreChange(50, 49, 30),
            new FidMetrics(0.1, 30, "demo encoder")),
        Kid: 0.001,
        Specificity: null,
        RedTeam: null,
        Seconds: 3);
}
