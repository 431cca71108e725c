using SafetyPortal.Requests;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Worker.Stages;

/// <summary>
/// Reads the model, checks that it is the registered one and that its text encoder reads the request's prompts whole, and fixes everything that later
/// stages depend on.
/// </summary>
internal static class LoadStage
{
    public static async Task<LoadOutput> RunAsync(RunContext context, CancellationToken cancellation)
    {
        context.Report(RunStage.Load, 0, 1, "reading the model");
        cancellation.ThrowIfCancellationRequested();
        var (options, request) = (context.Options, context.Request);
        if (options.RedTeam.Enabled)
            RedTeamStage.DemandUnattended(options.RedTeam);
        var (plan, model) = await context.Compute(() =>
        {
            var loaded = context.Model(cancellation);
            loaded.Pipeline.RequireWhole(request.ConceptPrompts.Concat(request.BasePrompts));
            return (PlanChoice.For(loaded, request.ConceptKind, request.ConceptName, request.EvaluationSet, options.Images), loaded);
        });
        var backbones = model.Backbones.Uses;
        var weights = request.Method == EraseMethod.Improved ? "feed-forward and attention weights" : "feed-forward weights";
        return new LoadOutput(
            model.Digest,
            model.Components(cancellation),
            plan,
            context.Policy,
            RunEnvironment.Of(options),
            new EvidenceMethod(
                $"CAD-Erase scores, trajectory sampler, {weights}; edit: {request.Method.Describe()}",
                options.AttributionSteps,
                AttributionGuidance: 3.0,
                options.AttributionSeeds,
                options.ImageSteps,
                options.ImageGuidance,
                options.BatchSize,
                Backbones: backbones.Count > 0 ? backbones : null,
                ImageScheduler: options.ImageScheduler),
            RunSettings.Of(options, request.Seed));
    }
}
