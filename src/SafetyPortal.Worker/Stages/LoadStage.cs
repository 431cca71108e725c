using System.Reflection;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Worker.Models;
using SafetyPortal.Worker.Plans;

namespace SafetyPortal.Worker.Stages;

/// <summary>Reads the model, checks that it is the registered one, and fixes everything later stages depend on.</summary>
internal static class LoadStage
{
    public static async Task<LoadOutput> RunAsync(RunContext context, CancellationToken cancellation)
    {
        context.Report(RunStage.Load, 0, 1, "reading the model");
        cancellation.ThrowIfCancellationRequested();
        var (options, request) = (context.Options, context.Request);
        var (plan, digest, backbones) = await context.Compute(() => (Plan: PlanChoice.For(context.Model, request.ConceptKind, request.ConceptName, request.EvaluationSet, options.Images), context.Model.Digest, context.Model.Backbones.Uses));
        return new LoadOutput(
            digest,
            plan,
            context.Policy,
            new EvidenceEnvironment(
                typeof(LoadStage).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0",
                TorchLibrary.Version,
                "cpu",
                options.Threads,
                "float32"),
            new EvidenceMethod(
                $"CAD-Erase scores, trajectory sampler, {(request.Method == EraseMethod.Improved ? "feed-forward and attention weights" : "feed-forward weights")}; edit: {request.Method.Describe()}",
                options.AttributionSteps,
                AttributionGuidance: 3.0,
                options.AttributionSeeds,
                options.ImageSteps,
                options.ImageGuidance,
                options.BatchSize,
                Backbones: backbones.Count > 0 ? backbones : null));
    }
}
