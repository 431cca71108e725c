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
    private readonly List<Line> lines = [];
    private long last;
    private string? head;

    /// <summary>An event, or the link that replaces one.</summary>
    private sealed record Line(int Number, long Sequence, PackEvent? Event, PackLink? Link);

    /// <exception cref="PackException">A line is no event.</exception>
    public PackHistory(List<PackCheck> checks, PackManifest manifest, string text)
    {
        this.checks = checks;
        this.manifest = manifest;
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            lines.Add(Read(line, lines.Count + 1));
        events.AddRange(lines.Select(line => line.Event).OfType<PackEvent>());
        if (lines is not [{ Event: not null }, ..])
            throw new PackException(PackPath.Events, "expected it to begin with an event of the request, there is none");
    }

    /// <summary>Checks that from the filing of the request on every event follows the one before it, and that no event of the request is left out.</summary>
    public void CheckChain()
    {
        var subject = string.Create(CultureInfo.InvariantCulture, $"request/{manifest.RequestId}");
        if (events[0] is var first && !(Same(first.Action, "request.filed") && Same(first.Subject, subject)))
        {
            Fail($"{PackPath.Events}: event {first.Sequence}", $"expected the history to begin with the filing of request {manifest.RequestId}, got {first.Action} of {first.Subject}");
            return;
        }
        last = first.Sequence - 1;
        var running = first.PreviousHash;
        foreach (var line in lines)
        {
            if (line.Sequence != last + 1)
            {
                Fail($"{PackPath.Events}: event {last + 1}", $"it is missing or out of order: event {line.Sequence} is in its place");
                return;
            }
            if (FaultOf(line, running) is { } fault)
            {
                Fail($"{PackPath.Events}: event {line.Sequence}", fault);
                return;
            }
            (running, last) = (HashOf(line, running), line.Sequence);
        }
        head = running;
        checks.Add(new(PackPath.Events, true, manifest.WholeHistory
            ? $"events {first.Sequence} to {last} form an unbroken chain"
            : $"events {first.Sequence} to {last} follow one another; {events.Count} can be read, {lines.Count - events.Count} are about something else"));
    }

    private string? FaultOf(Line line, string running)
    {
        if (line.Event is not { } e)
        {
            return manifest.WholeHistory ? "expected the event itself, since the pack is said to hold the whole history; there is only a link"
                : line.Link!.RequestId == manifest.RequestId ? $"it belongs to request {manifest.RequestId} and is hidden"
                : null;
        }
        if (!Same(e.PreviousHash, running))
            return $"expected it to follow the hash {running}, it names {e.PreviousHash}";
        var hash = HashOf(line, running);
        return Same(hash, e.Hash) ? null : $"it was changed: its content has the hash {hash}, it carries {e.Hash}";
    }

    /// <summary>Checks that the signed checkpoint names the newest event.</summary>
    public void CheckCheckpoint(AuditCheckpoint checkpoint, SigningKey key)
    {
        if (checkpoint is not { HeadHash: not null, Previous: not null, KeyId: not null } || !checkpoint.IsSignedBy(key))
        {
            Fail(PackPath.Checkpoint, $"its signature is not that of the key {key.Id}");
            return;
        }
        if (head is null)
            return;
        if (last != checkpoint.Count)
            Fail(PackPath.Checkpoint, $"it vouches for {checkpoint.Count} events, the pack ends with event {last}");
        else if (!Same(head, checkpoint.HeadHash))
            Fail(PackPath.Checkpoint, $"it vouches for the hash {checkpoint.HeadHash} at event {last}, the pack has {head}: the history was written anew");
        else
            checks.Add(new(PackPath.Checkpoint, true, $"the checkpoint of {checkpoint.Time:u} over {checkpoint.Count} events is signed with the audit key {key.Id}"));
    }

    /// <summary>Checks that in the history this run ended with this evidence and this verdict.</summary>
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

    /// <summary>Checks that every decision and waiver has its event, and every such event its decision or waiver.</summary>
    public void CheckDecisions(PackDecisions? listed)
    {
        if (listed is not { Salt: not null, Decisions: { } decisions, Waivers: { } waivers } || decisions.Any(d => d is null) || waivers.Any(w => w is null))
            throw new PackException(PackPath.Decisions, "it does not list decisions and waivers");
        var subject = string.Create(CultureInfo.InvariantCulture, $"request/{manifest.RequestId}");
        var open = events.Where(e => Same(e.Subject, subject) && e.Action is "decision.approved" or "decision.rejected" or "decision.changes-requested" or "waiver.granted").ToList();
        foreach (var d in decisions)
        {
            var action = d.Kind switch
            {
                DecisionKind.Approve => "decision.approved",
                DecisionKind.Reject => "decision.rejected",
                DecisionKind.RequestChanges => "decision.changes-requested",
                _ => throw new PackException(PackPath.Decisions, $"expected a decision to approve, reject or request changes, got {d.Kind}"),
            };
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
                ? "there is no decision yet"
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

    private static Line Read(string text, int number)
    {
        try
        {
            var e = JsonSerializer.Deserialize<PackEvent>(text, CanonicalJson.Options);
            if (e is { Time: not null, ActorId: not null, ActorName: not null, Action: not null, Subject: not null, Payload: not null, PreviousHash: not null, Hash: not null })
                return new(number, e.Sequence, e, null);
            var link = JsonSerializer.Deserialize<PackLink>(text, CanonicalJson.Options);
            return link is { Content: not null }
                ? new(number, link.Sequence, null, link)
                : throw new PackException($"{PackPath.Events}: line {number}", "it lacks a member");
        }
        catch (JsonException error)
        {
            throw new PackException($"{PackPath.Events}: line {number}", $"it is no event: {error.Message}", error);
        }
    }

    private static string HashOf(Line line, string previous)
    {
        try
        {
            return line.Event is { } e
                ? AuditHash.Link(previous, AuditSubject.RequestIdOf(e.Subject), AuditHash.Content(e.Sequence, e.Time, e.ActorId, e.ActorName, e.Action, e.Subject, e.Payload))
                : AuditHash.Link(previous, line.Link!.RequestId, line.Link.Content);
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            throw new PackException($"{PackPath.Events}: line {line.Number}", $"it cannot be hashed: {error.Message}", error);
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
