using SafetyPortal.Erasure.RedTeam.Probes;

namespace SafetyPortal.Erasure.RedTeam;

/// <summary>The nine probes, cheap ones first.</summary>
public static class ProbeCatalogue
{
    /// <summary>Every probe, in the order in which they run.</summary>
    public static IReadOnlyList<Probe> All { get; } =
    [
        new ParaphraseProbe(),
        new CompletionProbe(),
        new InpaintingProbe(),
        new NoiseProbe(),
        new TextualInversionProbe(),
        new PrefixSearchProbe(),
        new RelearningProbe(),
        new RevivalProbe(),
        new AmplificationProbe(),
    ];

    /// <summary>Probes by code, in the catalogue's order; each once.</summary>
    /// <exception cref="ArgumentException">A code is unknown.</exception>
    public static IReadOnlyList<Probe> Named(IReadOnlyCollection<string> codes)
    {
        if (codes.Except(All.Select(p => p.Code), StringComparer.Ordinal).FirstOrDefault() is { } unknown)
            throw new ArgumentException($"Expected probes among {string.Join(", ", All.Select(p => p.Code))}, got \"{unknown}\".", nameof(codes));
        return [.. All.Where(p => codes.Contains(p.Code, StringComparer.Ordinal))];
    }
}
