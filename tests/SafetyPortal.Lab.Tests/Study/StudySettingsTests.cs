using SafetyPortal.Lab.Study;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Lab.Tests.Study;

public sealed class StudySettingsTests
{
    [Fact]
    public void MissingProbes_SomeKnownOfTheSameBudget_AreTheOthersAndJoinThemInOrder()
    {
        var all = Settings(ProbeCodes.All, "small");
        var known = Found("small", ProbeCodes.Noise);

        var missing = all.MissingProbes(known);

        missing.Count.ShouldBe(8);
        missing.ShouldNotContain(ProbeCodes.Noise);
        all.WithProbes(known, Found("small", [.. missing])).Probes.Select(p => p.Code).ShouldBe(ProbeCodes.All);
    }

    [Fact]
    public void MissingProbes_KnownOfAnotherBudget_AreAllAndReplaceThem()
    {
        var full = Settings([ProbeCodes.Noise, ProbeCodes.Revival], "full");
        var known = Found("small", ProbeCodes.Noise, ProbeCodes.Completion);

        full.MissingProbes(known).ShouldBe([ProbeCodes.Noise, ProbeCodes.Revival]);
        full.WithProbes(known, Found("full", ProbeCodes.Noise)).Budget.ShouldBe("full");
        full.AskedProbes(known).ShouldBeNull();
    }

    [Fact]
    public void AskedProbes_MoreKnown_AreThoseOfTheSettings() => Settings([ProbeCodes.Noise], "small")
        .AskedProbes(Found("small", ProbeCodes.Completion, ProbeCodes.Noise))!.Probes.Select(p => p.Code).ShouldBe([ProbeCodes.Noise]);

    [Fact]
    public void CommandLine_OptionsGiven_AreKeptButThoseThatChangeNothing()
    {
        var parsed = LabCommandLine.Create().Parse(
            ["study", "--concept", "object:gas pump", "--threads", "1", "--work", "somewhere", "--json", "--out", "docs/evidence.md"]);

        StudyCommand.CommandLine(parsed.Tokens).ShouldBe("./portal study --concept 'object:gas pump' --threads 1 --out docs/evidence.md");
    }

    private static StudySettings Settings(IReadOnlyList<string> probes, string budget) =>
        new(StudySettings.EmbeddedConcepts, new EvaluationSize(2, 1), new PaintSettings(2, 5, 8), Seed: 0, probes, budget, Threads: 1);

    private static RedTeamEvidence Found(string budget, params string[] codes) => new(
        budget, 0, [.. codes.Select(code => StudyPageTests.Probe(code, after: 0.5))]);
}
