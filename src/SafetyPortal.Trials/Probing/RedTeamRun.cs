using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.RedTeam;
using SafetyPortal.Evaluation;
using SafetyPortal.Images;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Probing;

/// <summary>What the red team is asked to do.</summary>
/// <param name="Kind">Kind of the erased concept.</param>
/// <param name="Name">Its name.</param>
/// <param name="Probes">Codes out of <see cref="ProbeCodes.All"/>.</param>
/// <param name="Settings">How hard to try.</param>
public sealed record RedTeamOrder(ConceptKind Kind, string Name, IReadOnlyList<string> Probes, ProbeSettings Settings)
{
    /// <summary>The probes of an unattended run: those that neither train nor rebuild weights.</summary>
    public static readonly IReadOnlyList<string> Unattended = [ProbeCodes.Paraphrases, ProbeCodes.Completion, ProbeCodes.Inpainting, ProbeCodes.Noise];

    /// <summary>Evaluation set whose target prompts are used.</summary>
    public string Set { get; init; } = PromptFolder.DefaultSet;

    /// <summary>Other names of the concept.</summary>
    public IReadOnlyList<string> Synonyms { get; init; } = [];

    /// <summary>Whole prompts somebody wants tried besides the built-in paraphrases.</summary>
    public IReadOnlyList<string> Prompts { get; init; } = [];
}

/// <summary>What the red team found.</summary>
/// <param name="Evidence">For the record; its sheets are not stored anywhere yet.</param>
/// <param name="Sheets">Contact sheets by probe code; the rows are named in the evidence.</param>
public sealed record RedTeamReport(RedTeamEvidence Evidence, IReadOnlyDictionary<string, Raster> Sheets);

/// <summary>
/// Runs probes against an edit and returns what they found. Needs no database; belongs on the torch thread. The model is unedited before
/// and after. What revival and amplification make is a model that shows the concept again: it exists during the probe alone.
/// </summary>
public static class RedTeamRun
{
    /// <summary>Runs the probes of an order one after the other.</summary>
    /// <param name="model">The unedited model.</param>
    /// <param name="patch">The edit.</param>
    /// <param name="order">What to try.</param>
    /// <param name="progress">Told after each step of the network.</param>
    /// <exception cref="ArgumentException">An unknown probe, or settings out of range.</exception>
    /// <exception cref="PatchMismatchException">The patch is for another model.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the model is as it was.</exception>
    public static RedTeamReport Run(
        LoadedModel model, AblationPatch patch, RedTeamOrder order, IProgress<ProbeProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(order);
        var probes = ProbeCatalogue.Named(order.Probes);
        using var subject = ProbingGround.Subject(model, patch, order, cancellation);
        return Run(subject, probes, order, progress, cancellation);
    }

    public static RedTeamReport Run(
        ProbeSubject subject, IReadOnlyList<Probe> probes, RedTeamOrder order, IProgress<ProbeProgress>? progress, CancellationToken cancellation)
    {
        var found = new List<ProbeEvidence>();
        var sheets = new Dictionary<string, Raster>(StringComparer.Ordinal);
        foreach (var probe in probes)
        {
            cancellation.ThrowIfCancellationRequested();
            var limit = probe.Limit(subject.Size);
            progress?.Report(new ProbeProgress(probe.Code, 0, limit.Calls));
            var outcome = probe.Run(subject, progress);
            found.Add(Record(probe, limit, outcome, subject, order));
            sheets.Add(probe.Code, ContactSheet.Arrange([.. outcome.Sheet.SelectMany(row => row.Images)], outcome.Sheet[0].Images.Count));
        }

        return new RedTeamReport(new RedTeamEvidence(order.Settings.Name, order.Settings.Seed, found), sheets);
    }

    /// <summary>A rate with its interval.</summary>
    internal static DetectionRate Rate(IReadOnlyList<bool> seen)
    {
        var estimate = Intervals.Wilson(seen.Count(s => s), seen.Count);
        return new DetectionRate(estimate.Value, seen.Count, new Interval(estimate.Low, estimate.High));
    }

    private static ProbeEvidence Record(Probe probe, ProbeEffort limit, ProbeOutcome outcome, ProbeSubject subject, RedTeamOrder order) => new(
        probe.Code,
        probe.Title,
        probe.Method,
        Rate(outcome.Before),
        Rate(outcome.Plain),
        Rate(outcome.After),
        [.. outcome.Variants.Select(v => new ProbeVariant(v.Name, Rate(v.Seen), v.IsControl))],
        [.. outcome.Figures.Select(f => new ProbeFigure(f.Name, f.Value))],
        new ProbeCost(outcome.Spent.Calls, outcome.Spent.Updates),
        new ProbeCost(limit.Calls, limit.Updates),
        ProbeCodes.AdministratorOnly.Contains(probe.Code, StringComparer.Ordinal),
        Sheet: null,
        [.. outcome.Sheet.Select(row => row.Name)],
        Sensitive: order.Kind == ConceptKind.Nudity || subject.Concept.Prompts.Any(prompt => PlanChoice.IsNudity(prompt.Text)));
}
