using SafetyPortal.Erasure.RedTeam;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.RedTeam;

namespace SafetyPortal.Worker.Running;

/// <summary>What a probe may cost at most.</summary>
/// <param name="Calls">Noise predictions of one image; a guided step counts twice, a backward pass as two more.</param>
/// <param name="Updates">Updates of an embedding, a prompt or weights.</param>
public sealed record ProbePrice(string Code, string Title, string Method, long Calls, long Updates);

/// <summary>Turns an order's budget into the settings of its probes: steps, guidance and batches of the run whose patch is attacked; probes sample with DDIM, whose noise they control.</summary>
public static class ProbeOrderSettings
{
    /// <param name="images">Images per rate in place of the budget's; null keeps those.</param>
    public static ProbeSettings Of(ProbeBudget budget, EvidenceDocument evidence, int? images)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        var settings = budget == ProbeBudget.Full ? ProbeSettings.Full : ProbeSettings.Small;
        settings = settings with { Seed = evidence.Request.Seed, Images = images ?? settings.Images };
        return evidence.Method is { } method
            ? settings with { Steps = method.ImageSteps, Guidance = method.ImageGuidance, BatchSize = method.BatchSize }
            : settings;
    }

    /// <summary>The nine probes with the most each spends, known before a model is loaded.</summary>
    public static IReadOnlyList<ProbePrice> Prices(ProbeSettings settings)
    {
        var size = ProbeSize.Largest(settings);
        return [.. from probe in ProbeCatalogue.All
                   let limit = probe.Limit(size)
                   select new ProbePrice(probe.Code, probe.Title, probe.Method, limit.Calls, limit.Updates)];
    }

    /// <summary>Seconds a call took in the red-team stage of a run; null when it made none. The stage does more than its probes, so it errs on the long side.</summary>
    public static double? SecondsPerCall(RedTeamEvidence? measured, double? stageSeconds) =>
        measured?.Probes.Sum(probe => probe.Cost.NetworkCalls) is { } calls and > 0 && stageSeconds is { } seconds and > 0 ? seconds / calls : null;
}
