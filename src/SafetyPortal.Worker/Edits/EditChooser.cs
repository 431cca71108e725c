using System.Diagnostics;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Policies;
using SafetyPortal.Worker.Measuring;
using SafetyPortal.Worker.Models;
using SafetyPortal.Worker.Plans;

namespace SafetyPortal.Worker.Edits;

/// <summary>An edit with its controls, made without a portal around it.</summary>
/// <param name="Attribution">Figures of the scores.</param>
/// <param name="Search">Doses tried on the small gallery, in order.</param>
/// <param name="Controls">The other ways to make an edit of this size; see <see cref="EditBench.Controls"/>.</param>
/// <param name="AttributionSeconds">Wall clock of the attribution.</param>
/// <param name="EditSeconds">Wall clock of the search with its edits; controls not counted.</param>
public sealed record EditProposal(
    AblationPatch Patch,
    double Dose,
    AttributionSummary Attribution,
    IReadOnlyList<DoseTrial> Search,
    IReadOnlyList<NamedPatch> Controls,
    double AttributionSeconds,
    double EditSeconds);

/// <summary>
/// Attributes, searches the dose and makes edit and controls for one concept. Needs no database; the same arguments give the same patches on the
/// same machine. Belongs to the torch thread.
/// </summary>
public static class EditChooser
{
    /// <summary>The portal's default sweep.</summary>
    public static readonly IReadOnlyList<double> DefaultDoses = [0.01, 0.02, 0.03, 0.05, 0.08];

    /// <summary>Images by which doses are chosen when nobody says otherwise.</summary>
    public static readonly EvaluationSize SearchSize = new(8, 1);

    /// <summary>The edit of a concept by its default prompts.</summary>
    /// <param name="name">Class or style as the model's prompts spell it; any name for nudity.</param>
    public static EditProposal Choose(
        LoadedModel model, ConceptKind kind, string name, EraseMethod method, long seed, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        var rows = model.PromptRows(PromptFolder.DefaultSet);
        var settings = EditSettings.Default(kind, name, ModelScan.Objects(rows), ModelScan.Styles(rows), method, seed);
        return Choose(model, settings, DefaultDoses, PolicyDocument.Default, SearchSize, withControls: true, progress: null, cancellation);
    }

    /// <summary>The edit by any settings.</summary>
    /// <param name="size">Images of the search.</param>
    /// <param name="withControls">Whether controls are made.</param>
    public static EditProposal Choose(
        LoadedModel model,
        EditSettings settings,
        IReadOnlyList<double> doses,
        PolicyDocument policy,
        EvaluationSize size,
        bool withControls,
        IProgress<AttributionProgress>? progress,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(settings);
        using var attribution = ComponentAttribution.Run(model.Pipeline, settings.Attribution(), progress, cancellation);
        var clock = Stopwatch.StartNew();
        using var bench = new EditBench(model, settings, attribution);
        var search = DoseSearch.Run(bench, SearchGallery(model, settings, size), doses, policy, progress: null, cancellation);
        var best = DoseSearch.Best(search);
        var seconds = clock.Elapsed.TotalSeconds;
        return new EditProposal(
            best.Patch,
            best.Dose,
            attribution.Summary,
            search,
            withControls ? bench.Controls(best.Dose, best.Patch, cancellation) : [],
            attribution.Elapsed.TotalSeconds,
            seconds);
    }

    /// <summary>The small gallery by which doses are chosen.</summary>
    public static QuickGallery SearchGallery(LoadedModel model, EditSettings settings, EvaluationSize size) => new(
        model,
        PlanChoice.For(model, settings.Kind, settings.Name, settings.EvaluationSet, size),
        new PaintSettings(QuickGallery.DefaultSteps, PaintSettings.DefaultGuidance, PaintSettings.DefaultBatch));
}
