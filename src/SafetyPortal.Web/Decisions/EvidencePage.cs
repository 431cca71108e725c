using Microsoft.AspNetCore.Components;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Web.Requests;
using SafetyPortal.Web.Shell;

namespace SafetyPortal.Web.Decisions;

/// <summary>A page about the evidence of a request's newest run.</summary>
public abstract class EvidencePage : RequestPageBase
{
    private static readonly TimeSpan RenewalInterval = TimeSpan.FromMinutes(1);
    private DateTimeOffset renewedAt;

    [Inject]
    protected EvidenceReader Reader { get; set; } = default!;

    [Inject]
    protected ClaimReview Claims { get; set; } = default!;

    internal EvidenceDocument? Evidence { get; private set; }

    /// <summary>Why the page cannot show the evidence; null if it can, or if there is none.</summary>
    internal string? Damage { get; private set; }

    protected Run? Run => Request?.CurrentRun;

    protected static string DoseText(EvidenceDocument evidence, double dose) => Figures.Dose(dose) + (dose.Equals(evidence.ChosenDose) ? " (chosen)" : "");

    /// <summary>Renews the user's claim of the request, if they hold it. Cheap enough for every click and key.</summary>
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
