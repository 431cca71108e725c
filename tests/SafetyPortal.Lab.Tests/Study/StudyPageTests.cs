using SafetyPortal.Lab.Study;

namespace SafetyPortal.Lab.Tests.Study;

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

    [Fact]
    public void Write_DistancesAndProbes_NameTheirNetworksAndCarryIntervals()
    {
        var specific = new SpecificityMetrics(
            8, ["a picture"], new(0.9, new(0.8, 1)), new(0.321, new(0.25, 0.4)), "LPIPS (AlexNet)", new(0.5, 8, new(0.22, 0.78)));
        var page = StudyPage.Write([Concept("apple", Arm("cad", 0.25, 0.5) with { Specificity = specific })], "./portal study", ["seed 0"], _ => null);

        page.ShouldContain("| CLIP score | FID (small n, demo encoder) | KID (demo encoder) x 1000 (n = 30) | same prompt without concept: LPIPS (AlexNet) |");
        page.ShouldContain("LPIPS (AlexNet) | unchanged | seconds |");
        page.ShouldContain("| 50 % | 49.0 | 0.100 (0.050 to 0.200) | 1.20 (-0.50 to 3.00) | 0.321 (0.250 to 0.400) | 50 % (22 % to 78 %, 8) | 3.0 |");
        page.ShouldContain("| name of cad | 1 | 75 % (75 % to 75 %) | 0 of 1 | 90 % (90 % to 90 %) |");
    }

    [Fact]
    public void Write_Faithfulness_ShowsWhatTheScoreCanBeHeldToAndWhatBothPredictionsDo()
    {
        var random = new FaithfulnessFigures(
            200, -0.81, -0.74, new(-0.91, -0.71), Slope: -1, Objective: 3, null, null, FixedBase: 0.93, "seed 0", new(0.9, 0.96), 0.91);
        var layer = new GroupFigures("mid.net.2.weight", 48, 48, -0.1, -0.2, FixedBase: 0.4);
        var concept = Concept("apple", Arm("cad", 0, 1)) with { Faithfulness = new(random, layer, Coar: null, Stability: 0.36, Artifact: "") };

        var page = StudyPage.Write([concept], "./portal study", ["seed 0"], _ => null);

        page.ShouldContain("| object apple | 200 | 0.93 | 0.90 to 0.96 | 0.91 | -0.81 | -0.91 to -0.71 | -0.74 | 0.40 / -0.10 | - / - | 0.36 |");
        page.ShouldContain("(\"base kept\"), so it should predict that figure");
    }

    [Fact]
    public void Write_Probes_ShowsEachConceptAndTheMeanOfAll()
    {
        var arm = Arm("cad", 0, 1) with { RedTeam = new("small", 0, [Probe(ProbeCodes.Noise, after: 0.5)]) };

        var page = StudyPage.Write([Concept("apple", arm), Concept("pear", arm)], "./portal study", ["seed 0"], _ => null);

        page.ShouldContain("| concept | edit | noise |");
        page.ShouldContain("| all 2 | unedited | 100 % |");
        page.ShouldContain("| all 2 | name of cad | 0 % -> 50 % (50 % to 50 %) |");
        page.ShouldContain("| object pear | name of cad | 0 % -> 50 % (10 % to 70 %, 6) |");
    }

    internal static ProbeEvidence Probe(string code, double after) => new(
        code,
        code,
        "",
        Before: new(1, 6, new(0.6, 1)),
        Plain: new(0, 6, new(0, 0.4)),
        After: new(after, 6, new(0.1, 0.7)),
        Variants: [],
        Figures: [],
        Cost: new(1, 0),
        Limit: new(1, 0),
        AdministratorOnly: false,
        Sheet: null,
        SheetRows: [],
        Sensitive: false);

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
            new FidMetrics(0.1, 30, "FID (small n, demo encoder)", new(0.05, 0.2), 1000),
            Kid: new KidMetrics(0.0012, 30, "KID (demo encoder)", new(-0.0005, 0.003))),
        Specificity: null,
        RedTeam: null,
        Seconds: 3);
}
