using System.Net;
using System.Text.Json;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Web.Tests.History;

[Collection(PortalCollection.Name)]
public class ExportTests(SharedPortal shared)
{
    [Fact]
    public async Task Export_FilteredByRequest_HoldsItsEventsAndIsAnEventItself()
    {
        using var auditor = await Session.SignedInAsync(shared.Portal, Roles.Auditor);

        var answer = await auditor.GetAsync($"/history/export.jsonl?request={shared.Story.Released.Id}");

        answer.Content.Headers.ContentDisposition!.FileName.ShouldBe("history.jsonl");
        var lines = (await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var actions = lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("action").GetString()).ToList();
        actions.ShouldContain("decision.approved");
        actions.ShouldContain("release.published");
        lines.ShouldAllBe(line => line.Contains($"request/{shared.Story.Released.Id}"));

        var queries = shared.Portal.Get<AuditQueries>();
        var newest = await queries.ListAsync(new AuditFilter(Action: "history.exported"), new PageRequest(1), default);
        newest.Items.ShouldHaveSingleItem().ActorName.ShouldBe(shared.Portal.Account(Roles.Auditor).Email);
    }

    [Fact]
    public async Task ExportCsv_Whole_HasAHeaderAndEveryEvent()
    {
        using var auditor = await Session.SignedInAsync(shared.Portal, Roles.Auditor);

        var answer = await auditor.GetAsync("/history/export.csv");

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var lines = (await answer.Content.ReadAsStringAsync()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        lines[0].ShouldStartWith("sequence,time,");
        lines.Length.ShouldBeGreaterThan(30);
    }

    [Fact]
    public async Task Export_UnknownFilter_IsRefused()
    {
        using var auditor = await Session.SignedInAsync(shared.Portal, Roles.Auditor);

        (await auditor.StatusAsync("/history/export.csv?from=2026-01-02")).ShouldBe(HttpStatusCode.BadRequest);
    }
}
