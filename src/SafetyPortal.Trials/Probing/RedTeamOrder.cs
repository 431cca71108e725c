using SafetyPortal.Erasure.RedTeam;
using SafetyPortal.Trials.Models;

namespace SafetyPortal.Trials.Probing;

/// <summary>An order for probes.</summary>
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

    /// <summary>Whole prompts to try besides the built-in paraphrases.</summary>
    public IReadOnlyList<string> Prompts { get; init; } = [];
}
