using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Cli.Once;

/// <summary>The JSON object of <c>./run --once --json</c>. Rates are 0 to 1.</summary>
/// <param name="SecondFid">The same distance with the features of the second network; null without <c>--second-judge</c>.</param>
/// <param name="TargetByClip">The same target images seen by zero-shot CLIP.</param>
/// <param name="DoseCurve">One point per dose that was tried.</param>
/// <param name="Decision">"approved", "rejected", "pending" (quorum not met) or "none" (no evidence).</param>
/// <param name="Failures">Why the exit code is not 0.</param>
/// <param name="ContactSheet">PNG: rows of images before, and below each row the same after.</param>
internal sealed record OnceReport(
    long Request,
    ReportConcept Concept,
    EraseMethod Method,
    TargetMetrics? Target,
    RetentionMetrics? Retention,
    ControlMetrics? Placebo,
    ControlMetrics? Largest,
    ClipScoreChange? ClipScore,
    FidMetrics? Fid,
    FidMetrics? SecondFid,
    DetectionChange? TargetByClip,
    double? Dose,
    long? AblatedWeights,
    IReadOnlyList<ReportDose>? DoseCurve,
    string Decision,
    bool AuditVerified,
    string? EvidenceDigest,
    string? PatchDigest,
    IReadOnlyList<string> Failures,
    string? ContactSheet,
    string? Evidence,
    ReportSeconds Seconds)
{
    public static OnceReport Of(OnceOutcome outcome, string? sheet, string? evidence, double setup, double total)
    {
        var (request, run, found) = (outcome.Request, outcome.Run, outcome.Evidence);
        var metrics = found?.Metrics;
        return new OnceReport(
            request.Id,
            new ReportConcept(request.ConceptKind.ToString().ToLowerInvariant(), request.ConceptName),
            request.Method,
            metrics?.Target,
            metrics?.Retention,
            metrics?.Placebo,
            metrics?.Largest,
            metrics?.ClipScore,
            metrics?.Fid,
            metrics?.SecondFid,
            found?.Method?.TargetByClip,
            found?.ChosenDose,
            found?.AblatedWeights,
            found?.DoseCurve.Select(p => new ReportDose(
                p.Dose, p.AblatedWeights, p.Metrics.Target.Detection.After, p.Metrics.Retention.Mean, p.Metrics.Retention.Worst, p.GatesPassed)).ToList(),
            outcome.Decision,
            outcome.AuditVerified,
            run.EvidenceDigest,
            run.PatchDigest,
            outcome.Failures,
            sheet,
            evidence,
            new ReportSeconds(
                setup,
                Stages(RunStage.Attribute),
                Stages(RunStage.Baseline, RunStage.Ablate, RunStage.Generate),
                Stages(RunStage.Measure, RunStage.RedTeam, RunStage.Evidence),
                total));

        double Stages(params RunStage[] stages) => Math.Round(run.StageResults.Where(s => stages.Contains(s.Stage)).Sum(s => s.Seconds), 2);
    }

    /// <summary>Returns the report for people.</summary>
    public string ToText()
    {
        if (Target is null || Retention is null)
            return $"Request {Request} ended without evidence.\n{string.Join('\n', Failures)}";
        var interval = Target.Detection.AfterInterval is { } bounds ? $"{bounds.Low:0.00} to {bounds.High:0.00}" : "-";
        return
            $"""
            Request {Request}: erase {Concept.Kind} "{Concept.Name}" with {Method.Describe()} at dose {Dose} ({AblatedWeights:N0} weights)
              target detected     {Target.Detection.Before:0.00} -> {Target.Detection.After:0.00}   (n = {Target.Detection.N}, 95 % {interval})
              others retained     mean {Retention.Mean:0.00}, worst {Retention.Worst:0.00}   (n = {Retention.N})
              after the placebo   {Placebo?.Detection.After:0.00}   largest-weights control {Largest?.Detection.After:0.00}
              CLIP score          {ClipScore?.Before:0.0} -> {ClipScore?.After:0.0}   (n = {ClipScore?.N})
              {Fid?.Backbone ?? "FID"}  {Fid?.Value:0.00}   (n = {Fid?.N}; biased at small n)
              decision            {Decision}; history {(AuditVerified ? "verified" : "NOT verified")}
              contact sheet       {ContactSheet}
              evidence            {Evidence}
              time                {Seconds.Total:0} s (attribution {Seconds.Attribute:0} s, images {Seconds.Generate:0} s)
            {string.Join('\n', Failures.Select(f => "  FAILED: " + f))}
            """.TrimEnd();
    }
}

internal sealed record ReportConcept(string Kind, string Name);

internal sealed record ReportDose(double Dose, long AblatedWeights, double TargetAfter, double RetentionMean, double RetentionWorst, bool GatesPassed);

internal sealed record ReportSeconds(double Setup, double Attribute, double Generate, double Measure, double Total);
