using System.Text;
using System.Text.Json;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;

namespace SafetyPortal.Requests.Tests.Audit;

public class AuditTrailTests : PortalTest
{
    [Fact]
    public async Task Append_FromManyTasksAtOnce_GivesOneChainWithoutForks()
    {
        var before = (await ActionsAsync()).Count;

        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            for (var n = 0; n < 10; n++)
                await Get<RecordEvent>().ExecuteAsync(Actor.System($"worker-{worker}"), "history.exported", "test/1", new { worker, n }, default);
        })));

        var report = await Get<AuditVerifier>().ExecuteAsync(default);
        report.Problems.ShouldBeEmpty();
        report.EventCount.ShouldBe(before + 80);
    }

    [Fact]
    public async Task FileRequest_Payload_HoldsNoPromptAndNoJustification()
    {
        var request = await SubmitAsync();

        var timeline = await Get<AuditQueries>().TimelineAsync(request.Id, 10, default);

        timeline.Select(e => e.Action).ShouldBe(["request.submitted", "request.filed"]);
        timeline[1].Payload.ShouldNotContain("a picture of");
        timeline[1].Payload.ShouldNotContain("must not be drawn");
        timeline[1].Payload.ShouldContain("\"textDigest\":\"");
    }

    [Fact]
    public async Task FileRequest_Payload_NamesReferenceImagesBySaltedDigest()
    {
        var request = await Get<FileRequest>().DraftAsync(Reviewer, Content() with { ReferenceImages = [Digest('9')] }, default);

        var timeline = await Get<AuditQueries>().TimelineAsync(request.Id, 10, default);

        timeline[0].Payload.ShouldNotContain(Digest('9'));
        timeline[0].Payload.ShouldContain($"\"referenceImages\":[\"{PromptDigest.Of(request, Digest('9'))}\"]");
    }

    [Fact]
    public async Task List_Filters_FindTheEventsTheyName()
    {
        var church = await SubmitAsync();
        var dog = await SubmitAsync(name: "dog");
        Clock.Advance(TimeSpan.FromHours(1));
        await Get<RecordEvent>().ExecuteAsync(Auditor, "history.exported", "history", null, default);
        var queries = Get<AuditQueries>();
        async Task<string[]> SubjectsAsync(AuditFilter filter) => [.. (await queries.ListAsync(filter, new(), default)).Items.Select(e => e.Subject)];

        (await SubjectsAsync(new(ConceptContains: "DOG"))).ShouldBe([$"request/{dog.Id}", $"request/{dog.Id}"]);
        (await SubjectsAsync(new(RequestId: church.Id, Action: "request.filed"))).ShouldBe([$"request/{church.Id}"]);
        (await SubjectsAsync(new(ActorContains: "AUDITOR@"))).ShouldBe(["history"]);
        (await SubjectsAsync(new(From: Clock.GetUtcNow()))).ShouldBe(["history"]);
        (await SubjectsAsync(new(ModelVersionId: Model.Id))).Length.ShouldBe(4);
    }

    [Fact]
    public async Task List_PageByPage_GivesEveryEventOnceNewestFirst()
    {
        var total = (await ActionsAsync()).Count;
        var seen = new List<long>();
        long? after = null;
        do
        {
            var page = await Get<AuditQueries>().ListAsync(new(), new PageRequest(3, after), default);
            seen.AddRange(page.Items.Select(e => e.Sequence));
            after = page.Next;
        }
        while (after is not null);

        seen.ShouldBe(Enumerable.Range(1, total).Select(n => (long)n).Reverse());
    }

    [Fact]
    public async Task ExportJsonLines_EachLine_RehashesToItsHash()
    {
        await SubmitAsync();
        using var stream = new MemoryStream();

        await Get<AuditExport>().WriteJsonLinesAsync(stream, new(), default);

        var lines = Encoding.UTF8.GetString(stream.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe((await ActionsAsync()).Count);
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
        await Get<RecordEvent>().ExecuteAsync(new Actor("1", "=cmd(\"x\"),y"), "history.exported", "test/1", new { a = "b,c" }, default);
        using var stream = new MemoryStream();

        await Get<AuditExport>().WriteCsvAsync(stream, new(Action: "history.exported"), default);

        var lines = Encoding.UTF8.GetString(stream.ToArray()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(2);
        lines[1].ShouldContain("\"'=cmd(\"\"x\"\"),y\",history.exported,test/1,\"{\"\"a\"\":\"\"b,c\"\"}\"");
    }

    [Fact]
    public async Task RecordEvent_UnknownAction_ThrowsAndNamesIt() => (await Should.ThrowAsync<ArgumentException>(
        Get<RecordEvent>().ExecuteAsync(Actor.System("test"), "history.burnt", "history", null, default))).Message.ShouldContain("history.burnt");

    [Fact]
    public async Task RecordEvent_PayloadWithInfinity_ThrowsAndSavesNothing()
    {
        var before = (await ActionsAsync()).Count;

        await Should.ThrowAsync<NotSupportedException>(
            Get<RecordEvent>().ExecuteAsync(Actor.System("test"), "history.exported", "test/1", new { x = double.PositiveInfinity }, default));

        (await ActionsAsync()).Count.ShouldBe(before);
    }
}
