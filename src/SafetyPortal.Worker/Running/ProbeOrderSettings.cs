using SafetyPortal.Erasure.RedTeam;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.RedTeam;

namespace SafetyPortal.Worker.Running;

/// <summary>What a probe may cost at most.</summary>
/// <param name="Calls">Noise predictions of one image; a guided step counts twice, a backward pass as two more.</param>
/// <param name="Updates">Updates of an embedding, a prompt or weights.</param>
public sealed record ProbePrice(string Code, string Title, string Method, long Calls, long Updates);

/// <summary>Turns an order's budget into the settings of its probes, with steps, guidance and batches of the run whose patch they attack.</summary>
public static class ProbeOrderSettings
{
    /// <param name="images">Images per rate; null takes the budget's own number.</param>
    public static ProbeSettings Of(ProbeBudget budget, EvidenceDocument evidence, int? images)
    {
        var settings = budget == ProbeBudget.Full ? ProbeSettings.Full : ProbeSettings.Small;
        settings = settings with { Seed = evidence.Request.Seed, Images = images ?? settings.Images };
        return evidence.Method is { } method
            ? settings with { Steps = method.ImageSteps, Guidance = method.ImageGuidance, BatchSize = method.BatchSize }
            : settings;
    }

    /// <summary>Returns the nine probes with the most that each spends. It needs no model.</summary>
    public static IReadOnlyList<ProbePrice> Prices(ProbeSettings settings)
    {
        var size = ProbeSize.Largest(settings);
        return [.. from probe in ProbeCatalogue.All
                   let limit = probe.Limit(size)
                   select new ProbePrice(probe.Code, probe.Title, probe.Method, limit.Calls, limit.Updates)];
    }

    /// <summary>
    /// Returns the seconds that a call took in the red-team stage of a run; null when it made none. The stage does more than its probes, so the result
    /// is rather too long.
    /// </summary>
    public static double? SecondsPerCall(RedTeamEvidence? measured, double? stageSeconds) =>
        measured?.Probes.Sum(probe => probe.Cost.NetworkCalls) is { } calls and > 0 && stageSeconds is { } seconds and > 0 ? seconds / calls : null;
}
