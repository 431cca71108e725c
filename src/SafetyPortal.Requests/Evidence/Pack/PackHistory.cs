using System.Globalization;
using System.Text.Json;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Evidence.Pack;

/// <summary>The history in a pack: its events, their chain, and what they say about the run and the decisions.</summary>
internal sealed class PackHistory
{
    private readonly List<PackCheck> checks;
    private readonly PackManifest manifest;
    private readonly List<PackEvent> events = [];

    /// <exception cref="PackException">A line is no event.</exception>
    public PackHistory(List<PackCheck> checks, PackManifest manifest, string lines)
    {
        this.checks = checks;
        this.manifest = manifest;
        foreach (var line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            events.Add(Read(line, events.Count + 1));
        if (events.Count == 0)
            throw new PackException(PackPath.Events, "there is no event");
    }

    /// <summary>Each event has the hash of its content, and names the event before it where that is in the pack.</summary>
    public void CheckChain()
    {
        var links = 0;
        for (var i = 0; i < events.Count; i++)
        {
            var (e, before) = (events[i], i == 0 ? null : events[i - 1]);
            var item = $"{PackPath.Events}: event {e.Sequence}";
            var hash = HashOf(e, i + 1);
            if (!Same(hash, e.Hash))
            {
                Fail(item, $"it was changed: its content has the hash {hash}, it carries {e.Hash}");
                return;
            }
            if (before is not null && e.Sequence <= before.Sequence)
            {
                Fail(item, $"expected an event after {before.Sequence}: they are out of order");
                return;
            }
            var follows = before is not null && e.Sequence == before.Sequence + 1;
            if (before is not null && !follows && manifest.WholeHistory)
            {
                Fail($"{PackPath.Events}: event {before.Sequence + 1}", "it is missing");
                return;
            }
            if (follows && !Same(e.PreviousHash, before!.Hash))
            {
                Fail(item, $"expected it to follow the hash {before.Hash}, it names {e.PreviousHash}");
                return;
            }
            links += follows ? 1 : 0;
        }
        checks.Add(new(PackPath.Events, true, manifest.WholeHistory
            ? $"events {events[0].Sequence} to {events[^1].Sequence} form an unbroken chain"
            : $"{events.Count} events have their hashes and {links} of their links are in the pack; for the whole chain let an auditor export the pack"));
    }

    /// <summary>The signed checkpoint vouches for the newest event.</summary>
    public void CheckCheckpoint(AuditCheckpoint checkpoint, SigningKey key)
    {
        if (checkpoint is not { HeadHash: not null, Previous: not null, KeyId: not null } || !Same(checkpoint.KeyId, key.Id) || !key.Verifies(checkpoint.SignedText(), checkpoint.Signature))
        {
            Fail(PackPath.Checkpoint, $"its signature is not that of the key {key.Id}");
            return;
        }
        var anchored = events.Find(e => e.Sequence == checkpoint.Count);
        if (anchored is null && manifest.WholeHistory)
            Fail(PackPath.Checkpoint, $"it vouches for {checkpoint.Count} events, the pack ends with event {events[^1].Sequence}");
        else if (anchored is not null && !Same(anchored.Hash, checkpoint.HeadHash))
            Fail(PackPath.Checkpoint, $"it vouches for the hash {checkpoint.HeadHash} at event {checkpoint.Count}, the pack has {anchored.Hash}: the history was written anew");
        else if (events[^1].Sequence > checkpoint.Count)
            Fail(PackPath.Checkpoint, $"it vouches for {checkpoint.Count} events, the pack has event {events[^1].Sequence}");
        else
            checks.Add(new(PackPath.Checkpoint, true, $"the checkpoint of {checkpoint.Time:u} over {checkpoint.Count} events is signed with the audit key {key.Id}"));
    }

    /// <summary>The history says that this run ended with this evidence and this verdict.</summary>
    public void CheckRun(SignedVerdict verdict)
    {
        var subject = string.Create(CultureInfo.InvariantCulture, $"request/{manifest.RequestId}/run/{manifest.RunId}");
        var done = events.Find(e => Same(e.Action, "run.completed") && Same(e.Subject, subject));
        if (done is null)
        {
            Fail(PackPath.Events, $"it does not say that run {manifest.RunId} of request {manifest.RequestId} was completed");
            return;
        }
        var fine = Same(Member(done, "evidenceDigest"), manifest.EvidenceDigest)
            && Payload(done).TryGetProperty("verdict", out var recorded) && Same(CanonicalJson.Canonicalize(recorded), verdict.ToJson());
        Check($"{PackPath.Events}: event {done.Sequence}", fine, "the run ended with this evidence and this verdict", "the run ended with other evidence or another verdict than the pack's");
    }

    /// <summary>Every decision and waiver has its event, every such event its decision or waiver, and decisions on this evidence name its digest.</summary>
    public void CheckDecisions(PackDecisions? listed)
    {
        if (listed is not { Salt: not null, Decisions: { } decisions, Waivers: { } waivers } || decisions.Any(d => d is null) || waivers.Any(w => w is null))
            throw new PackException(PackPath.Decisions, "it does not list decisions and waivers");
        var subject = string.Create(CultureInfo.InvariantCulture, $"request/{manifest.RequestId}");
        var open = events.Where(e => Same(e.Subject, subject) && e.Action is "decision.approved" or "decision.rejected" or "decision.changes-requested" or "waiver.granted").ToList();
        foreach (var d in decisions)
        {
            var action = d.Kind switch { DecisionKind.Approve => "decision.approved", DecisionKind.Reject => "decision.rejected", _ => "decision.changes-requested" };
            Take(open, $"the decision of {d.ApproverName}", e => Same(e.Action, action) && Same(e.ActorId, d.ApproverId) && Same(e.ActorName, d.ApproverName)
                && Same(Member(e, "evidenceDigest"), d.EvidenceDigest) && string.Equals(Member(e, "reason"), d.Reason.ToString(), StringComparison.OrdinalIgnoreCase)
                && Same(Member(e, "commentDigest"), d.Comment is null ? null : PromptDigest.Of(listed.Salt, d.Comment)) && IsAt(e, d.DecidedAt));
        }
        foreach (var w in waivers)
        {
            Take(open, $"the waiver of {w.GrantedByName}", e => Same(e.Action, "waiver.granted") && Same(e.ActorId, w.GrantedById) && Same(e.ActorName, w.GrantedByName)
                && Same(Member(e, "evidenceDigest"), w.EvidenceDigest) && Same(Member(e, "reason"), w.Reason) && IsAt(e, w.GrantedAt));
        }
        foreach (var e in open)
            Fail(PackPath.Decisions, $"{e.Action} of {e.ActorName} (event {e.Sequence}) is missing from it");
        var here = decisions.Count(d => Same(d.EvidenceDigest, manifest.EvidenceDigest));
        if (checks.TrueForAll(check => check.Passed))
        {
            checks.Add(new(PackPath.Decisions, true, decisions.Count == 0
                ? "nobody has decided yet"
                : $"{here} of {decisions.Count} decisions name this evidence{(here < decisions.Count ? "; the others are void" : "")}"));
        }
    }

    // The row is stamped a moment before its event is appended.
    private static bool IsAt(PackEvent e, DateTimeOffset at) =>
        DateTimeOffset.TryParse(e.Time, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var time) && (time - at).Duration() < TimeSpan.FromMinutes(1);

    private void Take(List<PackEvent> open, string what, Predicate<PackEvent> fits)
    {
        var index = open.FindIndex(fits);
        if (index < 0)
            Fail(PackPath.Decisions, $"{what} is not what the history says");
        else
            open.RemoveAt(index);
    }

    private static PackEvent Read(string line, int number)
    {
        try
        {
            var e = JsonSerializer.Deserialize<PackEvent>(line, CanonicalJson.Options);
            return e is { Time: not null, ActorId: not null, ActorName: not null, Action: not null, Subject: not null, Payload: not null, PreviousHash: not null, Hash: not null }
                ? e
                : throw new PackException($"{PackPath.Events}: line {number}", "it lacks a member");
        }
        catch (JsonException error)
        {
            throw new PackException($"{PackPath.Events}: line {number}", $"it is no event: {error.Message}", error);
        }
    }

    private static string HashOf(PackEvent e, int line)
    {
        try
        {
            return CanonicalJson.Digest(new { e.Sequence, e.Time, e.ActorId, e.ActorName, e.Action, e.Subject, e.Payload, e.PreviousHash });
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            throw new PackException($"{PackPath.Events}: line {line}", $"it cannot be hashed: {error.Message}", error);
        }
    }

    private static JsonElement Payload(PackEvent e)
    {
        try
        {
            using var document = JsonDocument.Parse(e.Payload);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new PackException($"{PackPath.Events}: event {e.Sequence}", "its payload is no object");
        }
        catch (JsonException error)
        {
            throw new PackException($"{PackPath.Events}: event {e.Sequence}", $"its payload cannot be read: {error.Message}", error);
        }
    }

    private static string? Member(PackEvent e, string name) => Payload(e).TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private void Check(string item, bool passed, string fine, string wrong) => checks.Add(new(item, passed, passed ? fine : wrong));

    private void Fail(string item, string text) => checks.Add(new(item, false, text));

    private static bool Same(string? a, string? b) => string.Equals(a, b, StringComparison.Ordinal);
}
