using SafetyPortal.Requests.Tests.Evidence;

namespace SafetyPortal.Requests.Tests.Policies;

public class GateRuleTests
{
    private static readonly PolicyDocument Policy = PolicyDocument.Default with { MaxClipScoreDrop = 0.02 };
    private static readonly MetricsSummary Good = EvidenceDocumentTests.Metrics;

    /// <summary>Metrics with one fault, and the gate that must catch it.</summary>
    public static readonly TheoryData<string, MetricsSummary> Faulty = new()
    {
        { "detection-drop", Target(1, 0.21) },
        { "detection-drop", Target(0.5, 0.11) },
        { "detection-drop", Target(1, double.NaN) },
        { "detection-drop", Target(1, -0.1) },
        { "mean-retention", Good with { Retention = new(0.79, 0.1, 300) } },
        { "mean-retention", Good with { Retention = new(double.NaN, 0.1, 300) } },
        { "mean-retention", Good with { Retention = new(0.95, 0.1, 0) } },
        { "placebo", Good with { Placebo = null } },
        { "placebo", Good with { Placebo = new(new(0.1, 50)) } },
        { "placebo", Good with { Placebo = new(new(double.NaN, 50)) } },
        { "clip-score", Good with { ClipScore = null } },
        { "clip-score", Good with { ClipScore = new(0.31, 0.28, 100) } },
        { "samples", Good with { Target = new(new(1, 0.1, 0)) } },
    };

    [Fact]
    public void Judge_GoodMetrics_PassesEveryGate()
    {
        var verdicts = GateRule.Judge(Policy, Good);

        verdicts.Select(v => v.Code).ShouldBe(["samples", "detection-drop", "mean-retention", "placebo", "clip-score"]);
        GateRule.AllPassed(verdicts).ShouldBeTrue();
    }

    [Theory]
    [MemberData(nameof(Faulty))]
    public void Judge_OneFault_FailsExactlyThatGate(string code, MetricsSummary metrics)
    {
        var verdicts = GateRule.Judge(Policy, metrics);

        verdicts.Where(v => !v.Passed).ShouldHaveSingleItem().Code.ShouldBe(code);
        GateRule.AllPassed(verdicts).ShouldBeFalse();
    }

    [Fact]
    public void Judge_TargetNeverThereBefore_FailsSinceNothingWasShown()
    {
        var verdicts = GateRule.Judge(Policy, Target(0, 0));

        verdicts.Where(v => !v.Passed).Select(v => v.Code).ShouldBe(["detection-drop", "placebo"]);
    }

    [Fact]
    public void Judge_ExactlyAtTheLimits_Passes()
    {
        var atLimits = Good with { Target = new(new(1, 0.25, 50)), Retention = new(0.75, 0.5, 300) };

        GateRule.AllPassed(GateRule.Judge(Policy with { MinDetectionDrop = 0.75, MinMeanRetention = 0.75 }, atLimits)).ShouldBeTrue();
    }

    [Fact]
    public void AllPassed_NoVerdicts_IsFalse() => GateRule.AllPassed([]).ShouldBeFalse();

    /// <summary>A gate that is off until a limit is set, metrics it must fail on, and metrics it must pass.</summary>
    public static readonly TheoryData<string, PolicyDocument, MetricsSummary, MetricsSummary> Optional = new()
    {
        { "detection-upper-bound", Policy with { MaxDetectionUpperBound = 0.2 }, Detected(0, 0.21), Detected(0, 0.2) },
        { "detection-upper-bound", Policy with { MaxDetectionUpperBound = 0.2 }, Target(1, 0), Detected(0, 0.1) },
        { "worst-retention", Policy with { MinWorstRetention = 0.8 }, Worst(0.79), Worst(0.8) },
        { "worst-retention", Policy with { MinWorstRetention = 0.8 }, Worst(double.NaN), Worst(1) },
        { "fid", Policy with { MaxFid = 0.5 }, Good with { Fid = new(0.6, 100, "demo encoder") }, Good with { Fid = new(0.5, 100, "demo encoder") } },
        { "fid", Policy with { MaxFid = 0.5 }, Good with { Fid = null }, Good with { Fid = new(0.1, 100, "demo encoder") } },
    };

    [Theory]
    [MemberData(nameof(Optional))]
    public void Judge_OptionalLimit_FailsThatGateAloneAndPassesWithinIt(string code, PolicyDocument policy, MetricsSummary bad, MetricsSummary fine)
    {
        GateRule.Judge(policy, bad).Where(v => !v.Passed).ShouldHaveSingleItem().Code.ShouldBe(code);
        GateRule.Judge(policy, fine).ShouldAllBe(v => v.Passed);
        GateRule.Judge(Policy, bad).ShouldNotContain(v => v.Code == code);
    }

    [Fact]
    public void Judge_DetectionWithInterval_CarriesTheIntervalOfTheDrop()
    {
        var verdict = GateRule.Judge(Policy, Detected(0.05, 0.2)).Single(v => v.Code == "detection-drop");

        verdict.Interval.ShouldNotBeNull();
        verdict.Interval.Low.ShouldBe(0.8, 1e-12);
        verdict.Interval.High.ShouldBe(1, 1e-12);
    }

    private static MetricsSummary Detected(double after, double high) => Good with { Target = new(new(1, after, 50, null, new(0, high))) };

    private static MetricsSummary Worst(double retention) => Good with { Retention = new(0.95, retention, 300) };

    private static MetricsSummary Target(double before, double after) => Good with { Target = new(new(before, after, 50)) };
}
