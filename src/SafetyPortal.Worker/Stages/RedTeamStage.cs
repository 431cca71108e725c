using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.RedTeam;
using SafetyPortal.Images;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Trials;
using SafetyPortal.Trials.Probing;

namespace SafetyPortal.Worker.Stages;

/// <summary>Looks at the chosen edit from the inside, and tries to bring the concept back with probes.</summary>
internal static class RedTeamStage
{
    /// <exception cref="InvalidOperationException">The settings name an unknown probe, or one for administrators: reviewers start runs.</exception>
    public static void DemandUnattended(RedTeamOptions options)
    {
        if (options.Probes.FirstOrDefault(code => !ProbeCodes.All.Contains(code)) is { } unknown)
            throw new InvalidOperationException($"Expected probes among {string.Join(", ", ProbeCodes.All)} in Worker:RedTeam:Probes, got \"{unknown}\".");
        if (options.Probes.FirstOrDefault(code => ProbeCodes.AdministratorOnly.Contains(code)) is { } forbidden)
        {
            throw new InvalidOperationException(
                $"The probe \"{forbidden}\" rebuilds an erased concept and is for administrators alone: take it out of Worker:RedTeam:Probes.");
        }
    }

    public static async Task<RedTeamOutput> RunAsync(
        RunContext context, LoadOutput load, AttributeOutput attribution, AblateOutput ablation, GenerateOutput generated, CancellationToken cancellation)
    {
        context.Report(RunStage.RedTeam, 0, 0, "red team");
        var options = load.Settings.RedTeam;
        if (!options.Enabled)
            return new RedTeamOutput(null, null, null, null);
        DemandUnattended(options);

        var edit = AblationPatch.Load(await context.Artifacts.PathOfAsync(ablation.Of(generated.Chosen).Patch, cancellation));
        var progress = new Relay<ProbeProgress>(p => context.Report(RunStage.RedTeam, (int)p.Calls, (int)p.Limit, p.Code));
        var (study, report) = await context.Compute(() =>
        {
            var order = Order(context, load, options);
            var model = context.Model(cancellation);
            using var subject = RedTeamRun.Subject(model, edit, order, cancellation);
            var inside = ConceptStudy.Run(model, edit, subject, order.Kind, attribution.Summary, progress, cancellation);
            return (inside, RedTeamRun.Run(subject, order, progress, cancellation));
        });
        return new RedTeamOutput(
            await StoreAsync(context.Artifacts, report, cancellation),
            await StoreAsync(context.Artifacts, study, cancellation),
            study.Trace,
            study.Specificity with { Sheet = await PutAsync(context.Artifacts, study.SpecificitySheet, cancellation) });
    }

    /// <summary>Stores the contact sheets of a report.</summary>
    internal static async Task<RedTeamEvidence> StoreAsync(IArtifactStore artifacts, RedTeamReport report, CancellationToken cancellation)
    {
        var probes = new List<ProbeEvidence>();
        foreach (var probe in report.Evidence.Probes)
            probes.Add(probe with { Sheet = await PutAsync(artifacts, report.Sheets[probe.Code], cancellation) });
        return report.Evidence with { Probes = probes };
    }

    private static RedTeamOrder Order(RunContext context, LoadOutput load, RedTeamOptions options)
    {
        var request = context.Request;
        return new RedTeamOrder(
            request.ConceptKind,
            request.ConceptName,
            options.Probes,
            options.Settings with
            {
                Seed = request.Seed,
                Steps = load.Method.ImageSteps,
                Guidance = load.Method.ImageGuidance,
                BatchSize = load.Method.BatchSize,
            })
        {
            Set = request.EvaluationSet,
            Synonyms = request.Synonyms,
        };
    }

    private static async Task<ConceptLocation> StoreAsync(IArtifactStore artifacts, StudyReport study, CancellationToken cancellation)
    {
        if (study.Location.Attention is not { } attention)
            return study.Location;
        var pairs = new List<AttentionPair>();
        foreach (var (pair, maps) in attention.Pairs.Zip(study.Maps))
        {
            pairs.Add(pair with
            {
                Before = await PutAsync(artifacts, maps.Before, cancellation),
                After = await PutAsync(artifacts, maps.After, cancellation),
            });
        }

        return study.Location with { Attention = attention with { Sheet = await PutAsync(artifacts, study.MapSheet, cancellation), Pairs = pairs } };
    }

    private static Task<string> PutAsync(IArtifactStore artifacts, Raster image, CancellationToken cancellation) =>
        artifacts.PutAsync(ImageCodec.EncodePng(image), cancellation);
}
