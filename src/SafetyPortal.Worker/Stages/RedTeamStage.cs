using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.RedTeam;
using SafetyPortal.Images;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Trials;
using SafetyPortal.Trials.Probing;

namespace SafetyPortal.Worker.Stages;

/// <summary>
/// Looks at the chosen edit from the inside and tries to bring the concept back with the probes that neither train nor rebuild weights.
/// Probes for administrators alone are refused here: a run is started by reviewers.
/// </summary>
internal static class RedTeamStage
{
    public static async Task<RedTeamOutput> RunAsync(
        RunContext context, LoadOutput load, AttributeOutput attribution, AblateOutput ablation, GenerateOutput generated, CancellationToken cancellation)
    {
        context.Report(RunStage.RedTeam, 0, 0, "red team");
        var options = load.Settings.RedTeam;
        if (!options.Enabled) return new RedTeamOutput(null, null, null, null);
        if (options.Probes.FirstOrDefault(p => ProbeCodes.AdministratorOnly.Contains(p, StringComparer.Ordinal)) is { } forbidden)
            throw new InvalidOperationException($"The probe \"{forbidden}\" rebuilds an erased concept and is for administrators alone; a run may not contain it.");

        var edit = AblationPatch.Load(await context.Artifacts.PathOfAsync(ablation.Doses.First(d => d.Dose.Equals(generated.Chosen)).Patch, cancellation));
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
            await StoreAsync(context, report, cancellation),
            await StoreAsync(context, study, cancellation),
            study.Trace,
            study.Specificity with { Sheet = await PutAsync(context, study.SpecificitySheet, cancellation) });
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

    private static async Task<RedTeamEvidence> StoreAsync(RunContext context, RedTeamReport report, CancellationToken cancellation)
    {
        var probes = new List<ProbeEvidence>();
        foreach (var probe in report.Evidence.Probes)
            probes.Add(probe with { Sheet = await PutAsync(context, report.Sheets[probe.Code], cancellation) });
        return report.Evidence with { Probes = probes };
    }

    private static async Task<ConceptLocation> StoreAsync(RunContext context, StudyReport study, CancellationToken cancellation)
    {
        if (study.Location.Attention is not { } attention) return study.Location;
        var pairs = new List<AttentionPair>();
        foreach (var (pair, maps) in attention.Pairs.Zip(study.Maps))
        {
            pairs.Add(pair with
            {
                Before = await PutAsync(context, maps.Before, cancellation),
                After = await PutAsync(context, maps.After, cancellation),
            });
        }

        return study.Location with { Attention = attention with { Sheet = await PutAsync(context, study.MapSheet, cancellation), Pairs = pairs } };
    }

    private static Task<string> PutAsync(RunContext context, Raster image, CancellationToken cancellation) =>
        context.Artifacts.PutAsync(ImageCodec.EncodePng(image), cancellation);
}
