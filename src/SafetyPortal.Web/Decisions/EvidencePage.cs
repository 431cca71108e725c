using Microsoft.AspNetCore.Components;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Web.Requests;

namespace SafetyPortal.Web.Decisions;

/// <summary>Pages about the evidence of a request's newest run.</summary>
public abstract class EvidencePage : RequestPageBase
{
    [Inject]
    protected EvidenceReader Reader { get; set; } = default!;

    protected EvidenceDocument? Evidence { get; private set; }

    /// <summary>Why the evidence cannot be shown; null when it can, or when there is none.</summary>
    protected string? Damage { get; private set; }

    protected Run? Run => Request?.CurrentRun;

    protected override async Task LoadAsync()
    {
        await base.LoadAsync();
        try
        {
            (Evidence, Damage) = (await Reader.ReadAsync(Run, Gone), null);
        }
        catch (ArtifactException error)
        {
            (Evidence, Damage) = (null, error.Message);
        }
    }
}
