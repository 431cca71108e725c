using System.Text;
using System.Text.Json;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;

namespace SafetyPortal.Requests.Tests.Audit;

public class AuditTrailTests
{
    [Fact]
    public async Task Append_FromManyTasksAtOnce_GivesOneChainWithoutForks()
    {
        await using var portal = await Portal.CreateAsync();
        var before = (await portal.ActionsAsync()).Count;

        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            for (var n = 0; n < 10; n++)
                await portal.Get<RecordEvent>().ExecuteAsync(Actor.System($"worker-{worker}"), "test.event", "test/1", new { worker, n }, default);
        })));

        var report = await portal.Get<AuditVerifier>().ExecuteAsync(default);
        report.Problems.ShouldBeEmpty();
        report.EventCount.ShouldBe(before + 80);
    }

    [Fact]
    public async Task FileRequest_Payload_HoldsNoPromptAndNoJustification()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.SubmitAsync();

        var timeline = await portal.Get<AuditQueries>().TimelineAsync(request.Id, 10, default);

        timeline.Select(e => e.Action).ShouldBe(["request.submitted", "request.filed"]);
        timeline[1].Payload.ShouldNotContain("a picture of");
        timeline[1].Payload.ShouldNotContain("must not be drawn");
        timeline[1].Payload.ShouldContain("\"textDigest\":\"");
    }

    [Fact]
    public async Task FileRequest_Payload_NamesReferenceImagesBySaltedDigest()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.Get<FileRequest>().DraftAsync(
            portal.Reviewer, portal.Content() with { ReferenceImages = [Portal.Digest('9')] }, default);

        var timeline = await portal.Get<AuditQueries>().TimelineAsync(request.Id, 10, default);

        timeline[0].Payload.ShouldNotContain(Portal.Digest('9'));
        timeline[0].Payload.ShouldContain($"\"referenceImages\":[\"{PromptDigest.Of(request, Portal.Digest('9'))}\"]");
    }

    [Fact]
    public async Task List_Filters_FindTheEventsTheyName()
    {
        await using var portal = await Portal.CreateAsync();
        var church = await portal.SubmitAsync();
        var dog = await portal.SubmitAsync(name: "dog");
        portal.Clock.Advance(TimeSpan.FromHours(1));
        await portal.Get<RecordEvent>().ExecuteAsync(portal.Auditor, "history.exported", "history", null, default);
        var queries = portal.Get<AuditQueries>();
        async Task<string[]> SubjectsAsync(AuditFilter filter) => [.. (await queries.ListAsync(filter, new(), default)).Items.Select(e => e.Subject)];

        (await SubjectsAsync(new(ConceptContains: "DOG"))).ShouldBe([$"request/{dog.Id}", $"request/{dog.Id}"]);
        (await SubjectsAsync(new(RequestId: church.Id, Action: "request.filed"))).ShouldBe([$"request/{church.Id}"]);
        (await SubjectsAsync(new(ActorContains: "AUDITOR@"))).ShouldBe(["history"]);
        (await SubjectsAsync(new(From: portal.Clock.GetUtcNow()))).ShouldBe(["history"]);
        (await SubjectsAsync(new(ModelVersionId: portal.Model.Id))).Length.ShouldBe(4);
    }

    [Fact]
    public async Task List_PageByPage_GivesEveryEventOnceNewestFirst()
    {
        await using var portal = await Portal.CreateAsync();
        var total = (await portal.ActionsAsync()).Count;
        var seen = new List<long>();
        long? after = null;
        do
        {
            var page = await portal.Get<AuditQueries>().ListAsync(new(), new PageRequest(3, after), default);
            seen.AddRange(page.Items.Select(e => e.Sequence));
            after = page.Next;
        }
        while (after is not null);

        seen.ShouldBe(Enumerable.Range(1, total).Select(n => (long)n).Reverse());
    }

    [Fact]
    public async Task ExportJsonLines_EachLine_RehashesToItsHash()
    {
        await using var portal = await Portal.CreateAsync();
        await portal.SubmitAsync();
        using var stream = new MemoryStream();

        await portal.Get<AuditExport>().WriteJsonLinesAsync(stream, new(), default);

        var lines = Encoding.UTF8.GetString(stream.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe((await portal.ActionsAsync()).Count);
        foreach (var line in lines)
        {
            var members = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(line)!;
            var (hash, previousHash, requestId) = (members["hash"].GetString(), members["previousHash"], members["requestId"]);
            foreach (var place in new[] { "hash", "previousHash", "requestId" })
                members.Remove(place);
            CanonicalJson.Digest(new { content = CanonicalJson.Digest(members), previousHash, requestId }).ShouldBe(hash);
        }
    }

    [Fact]
    public async Task ExportCsv_CellsWithQuotesAndFormulas_AreQuotedAndDefused()
    {
        await using var portal = await Portal.CreateAsync();
        await portal.Get<RecordEvent>().ExecuteAsync(new Actor("1", "=cmd(\"x\"),y"), "test.event", "test/1", new { a = "b,c" }, default);
        using var stream = new MemoryStream();

        await portal.Get<AuditExport>().WriteCsvAsync(stream, new(Action: "test.event"), default);

        var lines = Encoding.UTF8.GetString(stream.ToArray()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(2);
        lines[1].ShouldContain("\"'=cmd(\"\"x\"\"),y\",test.event,test/1,\"{\"\"a\"\":\"\"b,c\"\"}\"");
    }

    [Fact]
    public async Task RecordEvent_PayloadWithInfinity_ThrowsAndSavesNothing()
    {
        await using var portal = await Portal.CreateAsync();
        var before = (await portal.ActionsAsync()).Count;

        await Should.ThrowAsync<NotSupportedException>(() => portal.Get<RecordEvent>().ExecuteAsync(Actor.System("test"), "test.event", "test/1", new { x = double.PositiveInfinity }, default));

        (await portal.ActionsAsync()).Count.ShouldBe(before);
    }
}
