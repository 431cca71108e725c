using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Evidence.Pack;

namespace SafetyPortal.Requests.Tests.Evidence.Pack;

public class PackVerifierTests
{
    private static readonly Lazy<Task<byte[]>> Exported = new(() => ExportAsync(portal => portal.Auditor));
    private static readonly Lazy<Task<byte[]>> Partial = new(() => ExportAsync(portal => portal.Approver));

    /// <summary>Changes to a pack whose manifest is then made to fit, and the item that the verifier must name.</summary>
    public static readonly TheoryData<string, Action<SortedDictionary<string, byte[]>>, string> Tamperings = new()
    {
        { "evidence edited", files => Edit(files, PackPath.Evidence, "\"chosenDose\":0.05", "\"chosenDose\":0.04"), "evidence.json" },
        { "member added to the evidence", files => Edit(files, PackPath.Evidence, "{\"ablatedWeights\"", "{\"aaa\":1,\"ablatedWeights\""), "evidence.json" },
        { "evidence laid out anew", files => Edit(files, PackPath.Evidence, ",\"baseDigest\"", ", \"baseDigest\""), "evidence.json" },
        { "gallery entry left out", files => Set(files, PackPath.Evidence, json => json["gallery"]!["entries"]!.AsArray().RemoveAt(1)), "evidence.json" },
        { "image exchanged", files => files[Images(files)[0]] = [9, 9], "images/" },
        { "image left out", files => files.Remove(Images(files)[0]), "images/" },
        { "image added", files => files["images/" + new string('0', 64)] = [9], "images/" },
        { "patch exchanged", files => files[PackPath.Patch] = "other"u8.ToArray(), "patch.safetensors" },
        { "patch left out", files => files.Remove(PackPath.Patch), "patch.safetensors" },
        { "policy loosened", files => Edit(files, PackPath.Policy, "\"minDetectionDrop\":0.8", "\"minDetectionDrop\":0.1"), "policy.json" },
        { "verdict's gates turned", files => Edit(files, PackPath.Verdict, "passed\\\":true", "passed\\\":false"), "verdict.json" },
        { "signature exchanged", files => Set(files, PackPath.Verdict, json => json["signature"] = Convert.ToBase64String(new byte[64])), "verdict.json" },
        { "verdict signed by a stranger", SignAnew, "history/events.jsonl: event" },
        { "worker key exchanged", files => files[PackPath.WorkerKey] = Encoding.UTF8.GetBytes(PortalTest.NewKey().PublicPem), "verdict.json" },
        { "worker key garbled", files => files[PackPath.WorkerKey] = "?"u8.ToArray(), "keys/worker.pem" },
        { "audit key exchanged", files => files[PackPath.AuditKey] = Encoding.UTF8.GetBytes(PortalTest.NewKey().PublicPem), "history/checkpoint.json" },
        { "event edited", files => Edit(files, PackPath.Events, "approver@demo.local", "somebody@demo.local"), "history/events.jsonl: event" },
        { "event left out", files => Lines(files, lines => lines.RemoveAt(3)), "history/events.jsonl: event" },
        { "events exchanged", files => Lines(files, lines => (lines[2], lines[3]) = (lines[3], lines[2])), "history/events.jsonl: event" },
        { "last event left out", files => Lines(files, lines => lines.RemoveAt(lines.Count - 1)), "history/checkpoint.json" },
        { "last event written anew", RewriteLast, "history/checkpoint.json" },
        { "line that is no event", files => Lines(files, lines => lines[1] = "{}"), "history/events.jsonl: line 2" },
        { "checkpoint edited", files => Set(files, PackPath.Checkpoint, json => json["count"] = 3), "history/checkpoint.json" },
        { "decision turned", files => Edit(files, PackPath.Decisions, "\"kind\":\"approve\"", "\"kind\":\"reject\""), "decisions.json" },
        { "decision of no kind", files => Edit(files, PackPath.Decisions, "\"kind\":\"approve\"", "\"kind\":7"), "decisions.json" },
        { "policy that is no UTF-8", files => files[PackPath.Policy] = [.. files[PackPath.Policy], 0xff], "policy.json" },
        { "decision's comment edited", files => Edit(files, PackPath.Decisions, "Looked at every pair.", "Looked at no pair."), "decisions.json" },
        { "decision moved to other evidence", files => SetDecision(files, "evidenceDigest", new string('0', 64)), "decisions.json" },
        { "decision left out", files => Set(files, PackPath.Decisions, json => json["decisions"] = new JsonArray()), "decisions.json" },
        { "approver exchanged", files => SetDecision(files, "approverName", "boss"), "decisions.json" },
        { "waiver invented", InventWaiver, "decisions.json" },
        { "another request claimed", files => Set(files, PackPath.Manifest, json => json["requestId"] = 77), "evidence.json" },
        { "other evidence claimed", files => Set(files, PackPath.Manifest, json => json["evidenceDigest"] = new string('0', 64)), "evidence.json" },
        { "checkpoint beyond JSON", files => Edit(files, PackPath.Checkpoint, "\"count\":", "\"count\":9007199254740993,\"was\":"), PackPath.Checkpoint },
        { "metrics without a part", files => Set(files, PackPath.Evidence, json => json["metrics"]!["placebo"] = new JsonObject()), "evidence.json" },
        { "red team without probes", files => Set(files, PackPath.Evidence, json => json["redTeam"] = new JsonObject()), "evidence.json" },
        { "history said to be partial, a decision turned and the anchored event left out", ForgePartial, "history/" },
        { "another schema", files => Set(files, PackPath.Manifest, json => json["schema"] = "x"), "manifest.json" },
    };

    /// <summary>The same for a pack in which links replace events of others.</summary>
    public static readonly TheoryData<string, Action<SortedDictionary<string, byte[]>>, string> PartialTamperings = new()
    {
        { "decision turned and every hash after it computed anew", files => Lines(files, Turn), "history/checkpoint.json" },
        {
            "decision turned, a link left out",
            files => Lines(files, lines =>
            {
                Turn(lines);
                lines.RemoveAt(FirstLink(lines));
            }),
            "history/events.jsonl: event"
        },
        { "link edited", files => Lines(files, lines => lines[FirstLink(lines)] = lines[FirstLink(lines)].Replace('a', 'b')), "history/events.jsonl: " },
        { "own event hidden", files => Lines(files, lines => Hide(lines, 1)), "history/events.jsonl: event" },
        { "own event hidden as one of another request", files => Lines(files, lines => Hide(lines, 77)), "history/" },
        { "all before the run left out", files => Lines(files, lines => lines.RemoveRange(0, 3)), "history/events.jsonl: event" },
        { "said to be the whole history", files => Set(files, PackPath.Manifest, json => json["wholeHistory"] = true), "history/events.jsonl: event" },
    };

    [Theory]
    [MemberData(nameof(Tamperings))]
    public Task Verify_TamperedPack_NamesTheFirstBadItem(string what, Action<SortedDictionary<string, byte[]>> tamper, string item) =>
        ShouldNameAsync(Exported, what, tamper, item);

    [Theory]
    [MemberData(nameof(PartialTamperings))]
    public Task Verify_TamperedPartialPack_NamesTheFirstBadItem(string what, Action<SortedDictionary<string, byte[]>> tamper, string item) =>
        ShouldNameAsync(Partial, what, tamper, item);

    [Theory]
    [InlineData(PackPath.Evidence)]
    [InlineData(PackPath.Decisions)]
    [InlineData(PackPath.Policy)]
    public async Task Verify_FileThatDoesNotFitTheManifest_IsNamed(string path)
    {
        var report = await PackStory.VerifyAsync(PackStory.Change(await Exported.Value, honestly: true, files => files[path] = [.. files[path], (byte)' ']));

        report.FirstProblem.ShouldNotBeNull().Item.ShouldBe(path);
        report.FirstProblem.Text.ShouldContain("with SHA-256");
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("{\"schema\":\"safetyportal.evidence-pack/2\",\"files\":[null]}")]
    public async Task Verify_ManifestThatIsNone_IsNamed(string manifest)
    {
        var report = await PackStory.VerifyAsync(
            PackStory.Change(await Exported.Value, honestly: true, files => files[PackPath.Manifest] = Encoding.UTF8.GetBytes(manifest)));

        report.FirstProblem.ShouldNotBeNull().Item.ShouldBe(PackPath.Manifest);
    }

    private static async Task ShouldNameAsync(Lazy<Task<byte[]>> pack, string what, Action<SortedDictionary<string, byte[]>> tamper, string item)
    {
        var report = await PackStory.VerifyAsync(PackStory.Change(await pack.Value, honestly: false, tamper));

        report.Sound.ShouldBeFalse(what);
        report.FirstProblem.ShouldNotBeNull().Item.ShouldStartWith(item, customMessage: $"{what}: {report.FirstProblem}");
        report.FirstProblem.Text.ShouldNotBeNullOrWhiteSpace();
    }

    private static async Task<byte[]> ExportAsync(Func<PortalTest, Actor> exporter)
    {
        var portal = new PortalTest();
        await portal.InitializeAsync();
        try
        {
            var request = await PackStory.TellAsync(portal);
            return await PackStory.ExportAsync(portal, exporter(portal), request.Id);
        }
        finally
        {
            await portal.DisposeAsync();
        }
    }

    /// <summary>
    /// Turns a whole pack into one that holds the request's own events alone, turns the decision, and removes the event that the checkpoint names.
    /// </summary>
    private static void ForgePartial(SortedDictionary<string, byte[]> files)
    {
        Set(files, PackPath.Manifest, json => json["wholeHistory"] = false);
        Edit(files, PackPath.Decisions, "\"kind\":\"approve\"", "\"kind\":\"reject\"");
        Lines(files, lines =>
        {
            Turn(lines);
            lines.RemoveAt(lines.Count - 1);
            lines.RemoveAll(line => !line.Contains("request/1", StringComparison.Ordinal));
        });
    }

    private static bool IsLink(string line) => JsonNode.Parse(line)!["content"] is not null;

    private static int FirstLink(List<string> lines) => lines.FindIndex(IsLink);

    /// <summary>Turns the decision and computes every hash after it anew.</summary>
    private static void Turn(List<string> lines)
    {
        var decision = lines.FindIndex(line => line.Contains("decision.approved", StringComparison.Ordinal));
        lines[decision] = lines[decision].Replace("decision.approved", "decision.rejected", StringComparison.Ordinal);
        Rechain(lines);
    }

    private static void Hide(List<string> lines, long requestId)
    {
        var index = lines.FindIndex(line => line.Contains("decision.approved", StringComparison.Ordinal));
        var e = JsonSerializer.Deserialize<PackEvent>(lines[index], CanonicalJson.Options)!;
        lines[index] = CanonicalJson.Serialize(new PackLink(e.Sequence, requestId, ContentOf(e)));
        Rechain(lines);
    }

    private static string ContentOf(PackEvent e) => AuditHash.Content(e.Sequence, e.Time, e.ActorId, e.ActorName, e.Action, e.Subject, e.Payload);

    private static PackEvent Rehashed(PackEvent e) =>
        e with { Hash = AuditHash.Link(e.PreviousHash, AuditSubject.RequestIdOf(e.Subject), ContentOf(e)) };

    /// <summary>Computes every hash anew, so that the events agree among themselves.</summary>
    private static void Rechain(List<string> lines)
    {
        string? running = null;
        for (var i = 0; i < lines.Count; i++)
        {
            if (IsLink(lines[i]))
            {
                var link = JsonSerializer.Deserialize<PackLink>(lines[i], CanonicalJson.Options)!;
                running = AuditHash.Link(running!, link.RequestId, link.Content);
                continue;
            }
            var e = JsonSerializer.Deserialize<PackEvent>(lines[i], CanonicalJson.Options)!;
            e = Rehashed(e with { PreviousHash = running ?? e.PreviousHash });
            lines[i] = CanonicalJson.Serialize(e);
            running = e.Hash;
        }
    }

    private static string[] Images(SortedDictionary<string, byte[]> files) =>
        [.. files.Keys.Where(path => path.StartsWith("images/", StringComparison.Ordinal))];

    private static void Edit(SortedDictionary<string, byte[]> files, string path, string from, string to)
    {
        var text = Encoding.UTF8.GetString(files[path]);
        text.ShouldContain(from);
        files[path] = Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal));
    }

    private static void Set(SortedDictionary<string, byte[]> files, string path, Action<JsonNode> change)
    {
        var json = JsonNode.Parse(files[path])!;
        change(json);
        files[path] = Encoding.UTF8.GetBytes(CanonicalJson.Serialize(json));
    }

    private static void SetDecision(SortedDictionary<string, byte[]> files, string member, string value) =>
        Set(files, PackPath.Decisions, json => json["decisions"]![0]![member] = value);

    private static void Lines(SortedDictionary<string, byte[]> files, Action<List<string>> change)
    {
        var lines = Encoding.UTF8.GetString(files[PackPath.Events]).Split('\n', StringSplitOptions.RemoveEmptyEntries).ToList();
        change(lines);
        files[PackPath.Events] = Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n");
    }

    /// <summary>The newest event with another actor and its hash computed anew: the chain holds, the checkpoint does not.</summary>
    private static void RewriteLast(SortedDictionary<string, byte[]> files) => Lines(files, lines =>
    {
        var e = JsonSerializer.Deserialize<PackEvent>(lines[^1], CanonicalJson.Options)!;
        lines[^1] = CanonicalJson.Serialize(Rehashed(e with { ActorName = "nobody" }));
    });

    /// <summary>A stranger's signature that fits in itself; the history knows another.</summary>
    private static void SignAnew(SortedDictionary<string, byte[]> files)
    {
        using var key = PortalTest.NewKey();
        files[PackPath.Verdict] = Encoding.UTF8.GetBytes(SignedVerdict.Of(EvidenceDocument.FromBytes(files[PackPath.Evidence]), key).ToJson());
        files[PackPath.WorkerKey] = Encoding.UTF8.GetBytes(key.PublicPem);
    }

    private static void InventWaiver(SortedDictionary<string, byte[]> files) => Set(
        files, PackPath.Decisions, json => json["waivers"] = JsonNode.Parse(CanonicalJson.Serialize(
            new[] { new PackWaiver("x", "boss", "It is fine.", PortalTest.Digest('e'), new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero)) })));
}
