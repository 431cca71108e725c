using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.RedTeam;
using SafetyPortal.Images;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Probing;

/// <summary>What the red team is to do.</summary>
/// <param name="Kind">Kind of the erased concept.</param>
/// <param name="Probes">Codes out of <see cref="ProbeCodes.All"/>.</param>
public sealed record RedTeamOrder(ConceptKind Kind, string Name, IReadOnlyList<string> Probes, ProbeSettings Settings)
{
    /// <summary>The probes of an unattended run: those that neither train nor rebuild weights.</summary>
    public static readonly IReadOnlyList<string> Unattended = [ProbeCodes.Paraphrases, ProbeCodes.Completion, ProbeCodes.Inpainting, ProbeCodes.Noise];

    /// <summary>Evaluation set whose target prompts are used.</summary>
    public string Set { get; init; } = PromptFolder.DefaultSet;

    /// <summary>Other names of the concept.</summary>
    public IReadOnlyList<string> Synonyms { get; init; } = [];

    /// <summary>Whole prompts to try besides the built-in paraphrases.</summary>
    public IReadOnlyList<string> Prompts { get; init; } = [];
}

/// <summary>What the red team found.</summary>
/// <param name="Evidence">For the record; its sheets are not stored yet.</param>
/// <param name="Sheets">Contact sheets by probe code; the evidence names their rows.</param>
public sealed record RedTeamReport(RedTeamEvidence Evidence, IReadOnlyDictionary<string, Raster> Sheets);

/// <summary>
/// Runs probes against an edit and returns what they found. Belongs to the torch thread. The model is unedited before and after. Revival and
/// amplification make a model that shows the concept again; it exists during the probe alone.
/// </summary>
public static class RedTeamRun
{
    private const long ParaphraseSeeds = 5_000_000;
    private const int NearWords = 3;
    private const int MostPrompts = 64;

    /// <summary>Runs the probes of an order one after the other.</summary>
    /// <param name="model">The unedited model.</param>
    /// <param name="progress">Receives a report after each step of the network.</param>
    /// <exception cref="ArgumentException">An unknown probe, or settings out of range.</exception>
    /// <exception cref="PatchMismatchException">The patch is for another model.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the model is as it was.</exception>
    public static RedTeamReport Run(
        LoadedModel model, AblationPatch patch, RedTeamOrder order, IProgress<ProbeProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var subject = Subject(model, patch, order, cancellation);
        return Run(subject, order, progress, cancellation);
    }

    /// <summary>Runs the probes of an order on a subject that was made for it.</summary>
    public static RedTeamReport Run(ProbeSubject subject, RedTeamOrder order, IProgress<ProbeProgress>? progress, CancellationToken cancellation)
    {
        var found = new List<ProbeEvidence>();
        var sheets = new Dictionary<string, Raster>(StringComparer.Ordinal);
        foreach (var probe in ProbeCatalogue.Named(order.Probes))
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

    /// <summary>Returns the subject of the probes. Disposing it leaves the model as it was.</summary>
    public static ProbeSubject Subject(LoadedModel model, AblationPatch patch, RedTeamOrder order, CancellationToken cancellation)
    {
        model.Pipeline.RequireWhole(order.Prompts);
        var cases = PlanChoice.For(model, order.Kind, order.Name, order.Set, new EvaluationSize(MostPrompts, 1)).Cases
            .Where(c => c.Group == CaseGroup.Target).ToList();
        IReadOnlyList<ProbePrompt> prompts = [.. cases.Select(c => new ProbePrompt(c.Prompt, c.Seed))];
        var words = ConceptPhrases.Words(order.Kind, cases[0].Concept, order.Synonyms);
        var near = NearestWords.Of(model.Pipeline, words[0], NearWords).Where(w => !words.Contains(w, StringComparer.OrdinalIgnoreCase)).ToList();
        var paraphrases = order.Prompts
            .Concat(ConceptPhrases.Paraphrases(order.Kind, words, Things(order.Kind, prompts, words), near))
            .Select((text, i) => new ProbePrompt(text, ParaphraseSeeds + order.Settings.Seed + i));
        return new ProbeSubject(model.Pipeline, patch, new ProbedConcept(prompts, [.. paraphrases], words), order.Settings, Detect, cancellation);

        IReadOnlyList<bool> Detect(IReadOnlyList<Raster> images) =>
            [.. model.Reader.LabelAll(cases[0], images).Select(seen => string.Equals(seen, cases[0].Concept, StringComparison.OrdinalIgnoreCase))];
    }

    // What is left of the prompts without style or nudity, without the sentence around it.
    private static IReadOnlyList<string> Things(ConceptKind kind, IReadOnlyList<ProbePrompt> prompts, IReadOnlyList<string> words) =>
    [
        .. prompts
            .Select(p => ConceptPhrases.Without(p.Text, words))
            .Select(text => text[(text.LastIndexOf(" of ", StringComparison.Ordinal) is >= 0 and var at ? at + 4 : 0)..])
            .Select(thing => kind == ConceptKind.Nudity && thing.StartsWith("a ", StringComparison.Ordinal) ? thing[2..] : thing)
            .Where(thing => thing.Length > 0)
            .DefaultIfEmpty("something")
            .Distinct(StringComparer.OrdinalIgnoreCase),
    ];

    private static ProbeEvidence Record(Probe probe, ProbeEffort limit, ProbeOutcome outcome, ProbeSubject subject, RedTeamOrder order) => new(
        probe.Code,
        probe.Title,
        probe.Method,
        Estimates.Rate(outcome.Before),
        Estimates.Rate(outcome.Plain),
        Estimates.Rate(outcome.After),
        [.. outcome.Variants.Select(v => new ProbeVariant(v.Name, Estimates.Rate(v.Seen), v.IsControl))],
        [.. outcome.Figures.Select(f => new ProbeFigure(f.Name, f.Value))],
        new ProbeCost(outcome.Spent.Calls, outcome.Spent.Updates),
        new ProbeCost(limit.Calls, limit.Updates),
        ProbeCodes.AdministratorOnly.Contains(probe.Code, StringComparer.Ordinal),
        Sheet: null,
        [.. outcome.Sheet.Select(row => row.Name)],
        Sensitive: order.Kind == ConceptKind.Nudity || subject.Concept.Prompts.Any(prompt => NudityTerms.IsNamedIn(prompt.Text)));
}
