using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Stages;

/// <summary>Scores every candidate weight for the request's concept.</summary>
internal static class AttributeStage
{
    public static async Task<AttributeOutput> RunAsync(RunContext context, LoadOutput load, CancellationToken cancellation)
    {
        var settings = Settings(context, load);
        var progress = new Relay(p => context.Report(RunStage.Attribute, p.Step, p.Steps, "attributing"));
        using var result = await context.Compute(
            () => ComponentAttribution.Run(context.Model.Pipeline, settings, progress, cancellation));
        return new AttributeOutput(await context.PutWrittenAsync(result.Save, cancellation), result.Summary);
    }

    /// <summary>The attribution a request asks for; one base prompt serves all concept prompts, or each has its own.</summary>
    internal static AttributionSettings Settings(RunContext context, LoadOutput load)
    {
        var request = context.Request;
        var bases = request.BasePrompts;
        return new AttributionSettings
        {
            Prompts = [.. request.ConceptPrompts.Select((prompt, i) => new PromptPair(prompt, bases.Count == 1 ? bases[0] : bases[i]))],
            Steps = load.Method.AttributionSteps,
            GuidanceScale = load.Method.AttributionGuidance,
            Seeds = [.. Enumerable.Range(0, load.Method.AttributionSeeds).Select(i => request.Seed + i)],
        };
    }

    private sealed class Relay(Action<AttributionProgress> report) : IProgress<AttributionProgress>
    {
        public void Report(AttributionProgress value) => report(value);
    }
}
