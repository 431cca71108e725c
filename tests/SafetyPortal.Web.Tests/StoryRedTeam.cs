using Microsoft.Extensions.DependencyInjection;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.RedTeam;

namespace SafetyPortal.Web.Tests;

/// <summary>A red-team order with two open and two restricted probes, ended by a test that plays the worker.</summary>
internal static class StoryRedTeam
{
    private const int Sheets = 20;

    private static readonly string[] Probes = [ProbeCodes.Noise, ProbeCodes.Relearning, ProbeCodes.Revival, ProbeCodes.Amplification];

    public static async Task<ProbeOrder> AttackAsync(Portal portal, EraseRequest request)
    {
        var order = await portal.Services.GetRequiredService<OrderProbes>().ExecuteAsync(
            await portal.ActorAsync(Roles.Administrator), request.Id, Probes, ProbeBudget.Full, "Before it goes to the public.", default);
        var (lease, store) = (portal.Services.GetRequiredService<ProbeOrderLease>(), portal.Services.GetRequiredService<IArtifactStore>());
        var ticket = await lease.ClaimAsync(order.Id, "test", default);
        await lease.ReportAsync(ticket!, ProbeCodes.Revival, 1_200, 3_200, default);
        var findings = new List<ProbeEvidence>();
        foreach (var (code, place) in Probes.Select((code, place) => (code, place)))
            findings.Add(Found(code, place * 5, await store.PutAsync(Story.Picture(place, Sheets), default)));
        var report = new ProbeReport(
            ProbeReport.CurrentSchema, request.Id, order.RunId, new string('e', 64), new string('a', 64), order.PatchDigest, new("1.0", "1.13.1", "cpu", 2, "float32"),
            new RedTeamEvidence("full", 7, findings));
        await lease.CompleteAsync(ticket!, await store.PutAsync(report.ToBytes(), default), default);
        return order;
    }

    /// <summary>The digest of a probe's sheet, as the store knows it.</summary>
    public static async Task<string> SheetAsync(Portal portal, ProbeOrder order, string code) =>
        (await portal.Services.GetRequiredService<ProbeOrderQueries>().FindAsync(await portal.ActorAsync(Roles.Administrator), order.Id, default))!.Findings!.Probes.First(probe => probe.Code == code).Sheet!;

    private static ProbeEvidence Found(string code, int hits, string sheet) => new(
        code, code[..1].ToUpperInvariant() + code[1..], "What the probe does, in a sentence.", StoryFindings.Rate(15, 16), StoryFindings.Rate(0, 16), StoryFindings.Rate(hits, 16),
        [new("setting 1", StoryFindings.Rate(hits, 16))], [], new ProbeCost(3_200, 4), new ProbeCost(3_200, 4), ProbeCodes.AdministratorOnly.Contains(code), sheet,
        ["unedited", "edited", "under the probe"], Sensitive: false);
}
