using System.Diagnostics;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Edits;

/// <summary>An edit with its controls, made without a portal around it.</summary>
/// <param name="Controls">The other ways to make an edit of this size; see <see cref="EditBench.Controls"/>.</param>
/// <param name="EditSeconds">Wall clock of the search with its edits; attribution and controls not counted.</param>
/// <param name="ControlSeconds">Wall clock of all controls.</param>
public sealed record EditProposal(AblationPatch Patch, double Dose, IReadOnlyList<NamedPatch> Controls, double EditSeconds, double ControlSeconds);

/// <summary>
/// Searches the dose and makes edit and controls for one concept. Needs no database; the same arguments give the same patches on the
/// same machine. Belongs to the torch thread.
/// </summary>
public static class EditChooser
{
    private static readonly EvaluationSize SearchSize = new(16, 1);

    /// <summary>The edit by the default doses and policy.</summary>
    /// <param name="attribution">Scores made with <see cref="EditSettings.Attribution"/>; stays the caller's.</param>
    /// <param name="withControls">Whether controls are made.</param>
    public static EditProposal Choose(
        LoadedModel model, EditSettings settings, AttributionResult attribution, bool withControls, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(settings);
        var clock = Stopwatch.StartNew();
        var (found, trials) = EditSearch.Run(
            model, settings, attribution, SearchGallery.For(model, settings, SearchSize), EraseMethods.DefaultDoses, PolicyDocument.Default, progress: null, cancellation);
        var best = DoseSearch.Best(trials);
        var edited = clock.Elapsed.TotalSeconds;
        using var bench = new EditBench(model, found, attribution);
        var controls = withControls ? bench.Controls(best.Dose, best.Patch, cancellation) : [];
        return new EditProposal(best.Patch, best.Dose, controls, edited, clock.Elapsed.TotalSeconds - edited);
    }
}
