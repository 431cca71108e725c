using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.RedTeam;

namespace SafetyPortal.Web.Tests;

/// <summary>An order of two open and two restricted probes; the test acts as the worker.</summary>
internal static class StoryRedTeam
{
    private const int Sheets = 20;

    private static readonly string[] Probes = [ProbeCodes.Noise, ProbeCodes.Relearning, ProbeCodes.Revival, ProbeCodes.Amplification];

    public static async Task<ProbeOrder> OrderAsync(Portal portal, EraseRequest request)
    {
        var order = await portal.Get<OrderProbes>().ExecuteAsync(
            await portal.ActorAsync(Roles.Administrator), request.Id, Probes, ProbeBudget.Full, "Before it goes to the public.", default);
        var (lease, store) = (portal.Get<ProbeOrderLease>(), portal.Get<IArtifactStore>());
        var ticket = await lease.ClaimAsync(order.Id, "test", default);
        await lease.ReportAsync(ticket!, ProbeCodes.Revival, 1_200, 3_200, default);
        var findings = new List<ProbeEvidence>();
        foreach (var (place, code) in Probes.Index())
            findings.Add(StoryFindings.Probe(code, place * 5, await store.PutAsync(Story.Picture(place, Sheets), default)));
        var report = new ProbeReport(
            ProbeReport.CurrentSchema, request.Id, order.RunId, new string('e', 64), new string('a', 64), order.PatchDigest,
            new("1.0", "1.13.1", "cpu", 2, "float32"), new RedTeamEvidence("full", 7, findings));
        await lease.CompleteAsync(ticket!, await store.PutAsync(report.ToBytes(), default), default);
        return order;
    }

    /// <summary>The digest of a probe's sheet, as the store knows it.</summary>
    public static async Task<string> SheetAsync(Portal portal, ProbeOrder order, string code)
    {
        var view = await portal.Get<ProbeOrderQueries>().FindAsync(await portal.ActorAsync(Roles.Administrator), order.Id, default);
        return view!.Findings!.Probes.First(probe => probe.Code == code).Sheet!;
    }
}
