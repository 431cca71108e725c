using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Faithfulness;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Trials;
using SafetyPortal.Trials.Edits;
using SafetyPortal.Trials.Measuring;

namespace SafetyPortal.Worker.Stages;

/// <summary>Scores every candidate weight for the request's concept, and compares the scores with ablations.</summary>
internal static class AttributeStage
{
    public static async Task<AttributeOutput> RunAsync(RunContext context, LoadOutput load, CancellationToken cancellation)
    {
        var settings = Settings(context, load).Attribution();
        var progress = new Relay<AttributionProgress>(p => context.Report(RunStage.Attribute, p.Step, p.Steps, "attributing"));
        using var result = await context.Compute(
            () => ComponentAttribution.Run(context.Model(cancellation).Pipeline, settings, progress, cancellation));
        var scores = await context.PutWrittenAsync(path => result.Save(path), cancellation);
        return new AttributeOutput(scores, result.Summary, await CheckAsync(context, load.Settings.Faithfulness, result, cancellation));
    }

    /// <summary>Returns the edit that a request asks for.</summary>
    internal static EditSettings Settings(RunContext context, LoadOutput load)
    {
        var request = context.Request;
        return new EditSettings
        {
            Kind = request.ConceptKind,
            Name = request.ConceptName,
            Prompts = EditSettings.Pairs(request.ConceptPrompts, request.BasePrompts),
            Method = request.Method,
            Scope = request.Scope,
            EvaluationSet = request.EvaluationSet,
            AttributionSteps = load.Method.AttributionSteps,
            AttributionSeeds = load.Method.AttributionSeeds,
            AttributionGuidance = load.Method.AttributionGuidance,
            Effort = load.Settings.Effort,
            Seed = request.Seed,
        };
    }

    private static async Task<FaithfulnessSummary?> CheckAsync(
        RunContext context, FaithfulnessSettings settings, AttributionResult result, CancellationToken cancellation)
    {
        if (settings.Ablations == 0)
            return null;
        var report = await context.Compute(() => FaithfulnessCheck.Run(
            context.Model(cancellation).Pipeline,
            result,
            settings,
            (step, steps) => context.Report(RunStage.Attribute, step, steps, "checking the scores"),
            cancellation));
        var points = await context.PutJsonAsync(FaithfulnessEvidence.Points(report), cancellation);
        return FaithfulnessEvidence.Summary(report, result.Summary.Stability, points);
    }
}
