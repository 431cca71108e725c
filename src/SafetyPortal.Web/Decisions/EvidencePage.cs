using Microsoft.AspNetCore.Components;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Web.Requests;

namespace SafetyPortal.Web.Decisions;

/// <summary>Pages about the evidence of a request's newest run.</summary>
public abstract class EvidencePage : RequestPageBase
{
    private static readonly TimeSpan RenewalInterval = TimeSpan.FromMinutes(1);
    private DateTimeOffset renewedAt;

    [Inject]
    protected EvidenceReader Reader { get; set; } = default!;

    [Inject]
    protected ClaimReview Claims { get; set; } = default!;

    internal EvidenceDocument? Evidence { get; private set; }

    /// <summary>Why the evidence cannot be shown; null when it can, or when there is none.</summary>
    internal string? Damage { get; private set; }

    protected Run? Run => Request?.CurrentRun;

    /// <summary>Someone does something on the page: if they hold the request, their claim lasts on. Cheap enough for every key press.</summary>
    internal async Task StayAsync()
    {
        var now = Time.GetUtcNow();
        if (Request?.Status != RequestStatus.AwaitingDecision || now - renewedAt < RenewalInterval)
            return;
        renewedAt = now;
        await Claims.RenewAsync(await ActorAsync(), Id, Gone);
    }

    protected override async Task OnParametersSetAsync()
    {
        await base.OnParametersSetAsync();
        if (RendererInfo.IsInteractive)
            await StayAsync();
    }

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
