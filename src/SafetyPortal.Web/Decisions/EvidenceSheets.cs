using SafetyPortal.Requests.Evidence;

namespace SafetyPortal.Web.Decisions;

/// <summary>A picture of the evidence outside the gallery: a contact sheet or a heat map.</summary>
public sealed record EvidenceSheet(string Digest, bool Sensitive);

/// <summary>The pictures of the evidence outside the gallery, in a fixed order; reveals name them by their place after the gallery's pairs.</summary>
public static class EvidenceSheets
{
    public static IReadOnlyList<EvidenceSheet> Of(EvidenceDocument evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        var sheets = new List<EvidenceSheet>();
        void Add(string? digest, bool sensitive)
        {
            if (digest is not null && !sheets.Exists(sheet => string.Equals(sheet.Digest, digest, StringComparison.Ordinal)))
                sheets.Add(new(digest, sensitive));
        }

        // Maps cover images of concept prompts, and probes try to bring the concept back, so they are veiled like target images.
        var attention = evidence.Location?.Attention;
        Add(attention?.Sheet, sensitive: true);
        foreach (var pair in attention?.Pairs ?? [])
        {
            Add(pair.Before, sensitive: true);
            Add(pair.After, sensitive: true);
        }
        foreach (var probe in evidence.RedTeam?.Probes ?? [])
            Add(probe.Sheet, sensitive: true);
        Add(evidence.Specificity?.Sheet, evidence.Request.ConceptKind == ConceptKind.Nudity || evidence.Specificity?.Prompts.Any(NudityTerms.IsNamedIn) == true);
        return sheets;
    }
}
