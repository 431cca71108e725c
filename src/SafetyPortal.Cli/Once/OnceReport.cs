using System.Globalization;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Cli.Once;

/// <summary>The JSON object of <c>./run --once --json</c>. Rates are 0..1.</summary>
internal sealed record OnceReport
{
    public required long Request { get; init; }

    public required ReportConcept Concept { get; init; }

    public required EraseMethod Method { get; init; }

    public TargetMetrics? Target { get; init; }

    public RetentionMetrics? Retention { get; init; }

    public ControlMetrics? Placebo { get; init; }

    public ControlMetrics? Largest { get; init; }

    public ClipScoreChange? ClipScore { get; init; }

    public FidMetrics? Fid { get; init; }

    /// <summary>The same distance with the features of the second network; null without <c>--second-judge</c>.</summary>
    public FidMetrics? SecondFid { get; init; }

    /// <summary>The same target images seen by zero-shot CLIP.</summary>
    public DetectionChange? TargetByClip { get; init; }

    public double? Dose { get; init; }

    public long? AblatedWeights { get; init; }

    /// <summary>One point per dose that was tried.</summary>
    public IReadOnlyList<ReportDose>? DoseCurve { get; init; }

    /// <summary>"approved", "rejected", "pending" (quorum not met) or "none" (no evidence).</summary>
    public required string Decision { get; init; }

    public required bool AuditVerified { get; init; }

    public string? EvidenceDigest { get; init; }

    public string? PatchDigest { get; init; }

    /// <summary>Why the exit code is not 0.</summary>
    public required IReadOnlyList<string> Failures { get; init; }

    /// <summary>PNG: rows of images before, and below each row the same after.</summary>
    public string? ContactSheet { get; init; }

    public string? Evidence { get; init; }

    public required ReportSeconds Seconds { get; init; }

    public static OnceReport Of(OnceOutcome outcome, string concept, string? sheet, string? evidence, double setup, double total)
    {
        var metrics = outcome.Evidence?.Metrics;
        return new OnceReport
        {
            Request = outcome.Request.Id,
            Concept = new ReportConcept(concept, outcome.Request.ConceptName),
            Method = outcome.Request.Method,
            Target = metrics?.Target,
            Retention = metrics?.Retention,
            Placebo = metrics?.Placebo,
            Largest = metrics?.Largest,
            ClipScore = metrics?.ClipScore,
            Fid = metrics?.Fid,
            SecondFid = metrics?.SecondFid,
            TargetByClip = outcome.Evidence?.Method?.TargetByClip,
            Dose = outcome.Evidence?.ChosenDose,
            AblatedWeights = outcome.Evidence?.AblatedWeights,
            DoseCurve = outcome.Evidence?.DoseCurve.Select(p => new ReportDose(
                p.Dose, p.AblatedWeights, p.Metrics.Target.Detection.After, p.Metrics.Retention.Mean, p.Metrics.Retention.Worst, p.GatesPassed)).ToList(),
            Decision = outcome.Decision,
            AuditVerified = outcome.AuditVerified,
            EvidenceDigest = outcome.Run.EvidenceDigest,
            PatchDigest = outcome.Run.PatchDigest,
            Failures = outcome.Failures,
            ContactSheet = sheet,
            Evidence = evidence,
            Seconds = new ReportSeconds(
                setup,
                Stage(RunStage.Attribute),
                Stage(RunStage.Baseline) + Stage(RunStage.Ablate) + Stage(RunStage.Generate),
                Stage(RunStage.Measure) + Stage(RunStage.RedTeam) + Stage(RunStage.Evidence),
                total),
        };

        double Stage(RunStage stage) => Math.Round(outcome.Run.StageResults.Where(s => s.Stage == stage).Sum(s => s.Seconds), 2);
    }

    /// <summary>The report for people.</summary>
    public string ToText()
    {
        if (Target is null || Retention is null) return $"Request {Request} ended without evidence.\n{string.Join('\n', Failures)}";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            Request {Request}: erase {Concept.Kind} "{Concept.Name}" with {Method.Describe()} at dose {Dose} ({AblatedWeights:N0} weights)
              target detected     {Target.Detection.Before:0.00} -> {Target.Detection.After:0.00}   (n = {Target.Detection.N}, 95 % {Bounds(Target.Detection.AfterInterval)})
              others retained     mean {Retention.Mean:0.00}, worst {Retention.Worst:0.00}   (n = {Retention.N})
              after the placebo   {Placebo?.Detection.After:0.00}   largest-weights control {Largest?.Detection.After:0.00}
              CLIP score          {ClipScore?.Before:0.0} -> {ClipScore?.After:0.0}   (n = {ClipScore?.N})
              {Fid?.Backbone ?? "FID"}  {Fid?.Value:0.00}   (n = {Fid?.N}; biased at small n)
              decision            {Decision}; history {(AuditVerified ? "verified" : "NOT verified")}
              contact sheet       {ContactSheet}
              evidence            {Evidence}
              time                {Seconds.Total:0} s (attribution {Seconds.Attribute:0} s, images {Seconds.Generate:0} s)
            {string.Join('\n', Failures.Select(f => "  FAILED: " + f))}
            """).TrimEnd();
    }

    private static string Bounds(Interval? interval) =>
        interval is null ? "-" : string.Create(CultureInfo.InvariantCulture, $"{interval.Low:0.00} to {interval.High:0.00}");
}

internal sealed record ReportConcept(string Kind, string Name);

internal sealed record ReportDose(double Dose, long AblatedWeights, double TargetAfter, double RetentionMean, double RetentionWorst, bool GatesPassed);

internal sealed record ReportSeconds(double Setup, double Attribute, double Generate, double Measure, double Total);
