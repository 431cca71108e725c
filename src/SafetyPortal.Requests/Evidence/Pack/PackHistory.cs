using System.Globalization;
using System.Text.Json;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Evidence.Pack;

/// <summary>The history in a pack: its events, their chain, and what they say about the run and the decisions.</summary>
internal sealed class PackHistory
{
    private readonly List<PackCheck> checks;
    private readonly PackManifest manifest;
    private readonly List<PackEvent> events;
    private readonly List<Line> lines = [];
    private readonly string subject;
    private long last;
    private string? head;

    /// <summary>An event, or the link that replaces one.</summary>
    private sealed record Line(int Number, long Sequence, PackEvent? Event, PackLink? Link);

    /// <exception cref="PackException">A line is no event.</exception>
    public PackHistory(List<PackCheck> checks, PackManifest manifest, string text)
    {
        (this.checks, this.manifest) = (checks, manifest);
        subject = string.Create(CultureInfo.InvariantCulture, $"request/{manifest.RequestId}");
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            lines.Add(Read(line, lines.Count + 1));
        events = [.. lines.Select(line => line.Event).OfType<PackEvent>()];
        if (lines is not [{ Event: not null }, ..])
            throw new PackException(PackPath.Events, "expected it to begin with an event of the request, there is none");
    }

    /// <summary>Checks that every event follows the one before it, and that none of the request is missing since its filing.</summary>
    public void CheckChain()
    {
        if (events[0] is var first && (first.Action != "request.filed" || first.Subject != subject))
        {
            Fail(
                ItemOf(first.Sequence),
                $"expected the history to begin with the filing of request {manifest.RequestId}, got {first.Action} of {first.Subject}");
            return;
        }
        last = first.Sequence - 1;
        var running = first.PreviousHash;
        foreach (var line in lines)
        {
            if (line.Sequence != last + 1)
            {
                Fail(ItemOf(last + 1), $"it is missing or out of order: event {line.Sequence} is in its place");
                return;
            }
            if (FaultOf(line, running) is { } fault)
            {
                Fail(ItemOf(line.Sequence), fault);
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
            return manifest.WholeHistory ? "expected the event itself, since the manifest says that the pack holds the whole history; there is only a link"
                : line.Link!.RequestId == manifest.RequestId ? $"it belongs to request {manifest.RequestId} and is hidden"
                : null;
        }
        if (e.PreviousHash != running)
            return $"expected it to follow the hash {running}, it names {e.PreviousHash}";
        var hash = HashOf(line, running);
        return hash == e.Hash ? null : $"it was changed: its content has the hash {hash}, it carries {e.Hash}";
    }

    /// <summary>Checks that the signed checkpoint names the newest event.</summary>
    public void CheckCheckpoint(AuditCheckpoint checkpoint, SigningKey key)
    {
        if (checkpoint is not { HeadHash: not null, Previous: not null, KeyId: not null } || !checkpoint.IsSignedBy(key))
            Fail(PackPath.Checkpoint, $"its signature is not that of the key {key.Id}");
        else if (head is null)
            return;
        else if (last != checkpoint.Count)
            Fail(PackPath.Checkpoint, $"it vouches for {checkpoint.Count} events, the pack ends with event {last}");
        else if (head != checkpoint.HeadHash)
            Fail(PackPath.Checkpoint, $"it vouches for the hash {checkpoint.HeadHash} at event {last}, the pack has {head}: the history was written anew");
        else
            checks.Add(new(PackPath.Checkpoint, true, $"the audit key {key.Id} signed the checkpoint of {checkpoint.Time:u} over {checkpoint.Count} events"));
    }

    /// <summary>Checks that in the history this run ended with this evidence and this verdict.</summary>
    public void CheckRun(SignedVerdict verdict)
    {
        var run = string.Create(CultureInfo.InvariantCulture, $"{subject}/run/{manifest.RunId}");
        var done = events.Find(e => e.Action == "run.completed" && e.Subject == run);
        if (done is null)
            Fail(PackPath.Events, $"it does not say that run {manifest.RunId} of request {manifest.RequestId} was completed");
        else if (Member(done, "evidenceDigest") == manifest.EvidenceDigest
            && Payload(done).TryGetProperty("verdict", out var recorded) && CanonicalJson.Canonicalize(recorded) == verdict.ToJson())
        {
            checks.Add(new(ItemOf(done.Sequence), true, "the run ended with this evidence and this verdict"));
        }
        else
            Fail(ItemOf(done.Sequence), "the run ended with other evidence or another verdict than the pack's");
    }

    /// <summary>Checks that every decision and waiver has its event, and every such event its decision or waiver.</summary>
    public void CheckDecisions(PackDecisions? listed)
    {
        if (listed is not { Salt: not null, Decisions: { } decisions, Waivers: { } waivers } || decisions.Any(d => d is null) || waivers.Any(w => w is null))
            throw new PackException(PackPath.Decisions, "it does not list decisions and waivers");
        string[] actions = [.. Enum.GetValues<Approval.DecisionKind>().Select(AuditActions.Of), "waiver.granted"];
        var open = events.Where(e => e.Subject == subject && actions.Contains(e.Action)).ToList();
        foreach (var d in decisions)
        {
            var comment = d.Comment is null ? null : PromptDigest.Of(listed.Salt, d.Comment);
            Take(open, $"the decision of {d.ApproverName}", e => Is(e, AuditActions.Of(d.Kind), d.ApproverId, d.ApproverName, d.EvidenceDigest, d.DecidedAt)
                && string.Equals(Member(e, "reason"), d.Reason.ToString(), StringComparison.OrdinalIgnoreCase) && Member(e, "commentDigest") == comment);
        }
        foreach (var w in waivers)
        {
            Take(open, $"the waiver of {w.GrantedByName}", e => Is(e, "waiver.granted", w.GrantedById, w.GrantedByName, w.EvidenceDigest, w.GrantedAt)
                && Member(e, "reason") == w.Reason);
        }
        foreach (var e in open)
            Fail(PackPath.Decisions, $"{e.Action} of {e.ActorName} (event {e.Sequence}) is missing from it");
        if (!checks.TrueForAll(check => check.Passed))
            return;
        var here = decisions.Count(d => d.EvidenceDigest == manifest.EvidenceDigest);
        checks.Add(new(PackPath.Decisions, true, decisions.Count == 0
            ? "there is no decision yet"
            : $"{here} of {decisions.Count} decisions name this evidence{(here < decisions.Count ? "; the others are void" : "")}"));
    }

    // The row gets its time a moment before its event does.
    private static bool Is(PackEvent e, string action, string actorId, string actorName, string evidenceDigest, DateTimeOffset at) =>
        e.Action == action && e.ActorId == actorId && e.ActorName == actorName && Member(e, "evidenceDigest") == evidenceDigest
        && DateTimeOffset.TryParseExact(e.Time, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
        && (time - at).Duration() < TimeSpan.FromMinutes(1);

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
            if (e is { Time: not null, ActorId: not null, ActorName: not null, Action: not null, Subject: not null }
                and { Payload: not null, PreviousHash: not null, Hash: not null })
            {
                return new(number, e.Sequence, e, null);
            }
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
            if (line.Event is not { } e)
                return AuditHash.Link(previous, line.Link!.RequestId, line.Link.Content);
            var content = AuditHash.Content(e.Sequence, e.Time, e.ActorId, e.ActorName, e.Action, e.Subject, e.Payload);
            return AuditHash.Link(previous, AuditSubject.RequestIdOf(e.Subject), content);
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
                : throw new PackException(ItemOf(e.Sequence), "its payload is no object");
        }
        catch (JsonException error)
        {
            throw new PackException(ItemOf(e.Sequence), $"its payload cannot be read: {error.Message}", error);
        }
    }

    private static string? Member(PackEvent e, string name) =>
        Payload(e).TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string ItemOf(long sequence) => $"{PackPath.Events}: event {sequence}";

    private void Fail(string item, string text) => checks.Add(new(item, false, text));
}
