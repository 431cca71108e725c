using SafetyPortal.Cli.Commands;
using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Lab.Study;

/// <summary>What a study covers and how large its galleries are.</summary>
/// <param name="Concepts">In the order of the page.</param>
/// <param name="Images">Images per gallery; every model of a concept makes the same ones.</param>
/// <param name="Painting">Steps and guidance of the images.</param>
/// <param name="Seed">Seed of attribution, search, controls and probes.</param>
/// <param name="Probes">Probes tried on plain CAD and on the improved edit.</param>
/// <param name="Budget">"small" or "full".</param>
/// <param name="Threads">Threads of libtorch and its BLAS.</param>
internal sealed record StudySettings(
    IReadOnlyList<ConceptArgument> Concepts, EvaluationSize Images, PaintSettings Painting, long Seed, IReadOnlyList<string> Probes, string Budget, int Threads)
{
    /// <summary>Five objects, three styles and nudity of the embedded model.</summary>
    public static readonly IReadOnlyList<ConceptArgument> EmbeddedConcepts =
    [
        .. ((string[])["church", "truck", "dog", "parachute", "trumpet"]).Select(name => new ConceptArgument(ConceptKind.Object, name)),
        .. ((string[])["sketch", "noto", "fluent"]).Select(name => new ConceptArgument(ConceptKind.Style, name)),
        new(ConceptKind.Nudity, "nudity"),
    ];

    /// <summary>
    /// Everything a concept's galleries depend on, in one line. A stored result with another line is measured anew. Probes are stored with their own budget.
    /// </summary>
    public string Fingerprint(LoadedModel model) =>
        $"model {model.Digest}, {Images.Target} target images and {Images.PerConcept} of each other concept, "
        + $"{Painting.Steps} DDIM steps, guidance {Painting.Guidance}, batch {Painting.BatchSize}, seed {Seed}; "
        + $"libtorch {Libtorch.Description}, CPU, {Threads} {(Threads == 1 ? "thread" : "threads")}, float32; judged by {Networks(model.Backbones.Uses)}";

    /// <summary>The probes of these settings that have no result with this budget and seed yet.</summary>
    public IReadOnlyList<string> MissingProbes(RedTeamEvidence? known) =>
        IsOurs(known) ? [.. Probes.Where(code => known!.Probes.All(p => p.Code != code))] : Probes;

    /// <summary>The new results, joined with known ones of the same budget and seed.</summary>
    public RedTeamEvidence WithProbes(RedTeamEvidence? known, RedTeamEvidence made) => IsOurs(known)
        ? made with { Probes = [.. known!.Probes.Concat(made.Probes).OrderBy(p => ProbeCodes.All.ToList().IndexOf(p.Code))] }
        : made;

    /// <summary>The known results of these settings' probes; null for none.</summary>
    public RedTeamEvidence? AskedProbes(RedTeamEvidence? known)
    {
        List<ProbeEvidence> chosen = IsOurs(known) ? [.. known!.Probes.Where(p => Probes.Contains(p.Code, StringComparer.Ordinal))] : [];
        return chosen.Count == 0 ? null : known! with { Probes = chosen };
    }

    private bool IsOurs(RedTeamEvidence? known) => known is not null && known.Budget == Budget && known.Seed == Seed;

    private static string Networks(IReadOnlyList<BackboneUse> uses) => uses.Count == 0
        ? "the model folder's own networks"
        : string.Join(", ", uses.Select(u => $"{u.Network} ({u.Measures}{(u.Threshold is { } from ? $" from {from}" : "")}, {u.Digest[..12]})"));
}
