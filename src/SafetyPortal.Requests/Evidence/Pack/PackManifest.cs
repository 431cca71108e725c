using SafetyPortal.Requests.Approval;

namespace SafetyPortal.Requests.Evidence.Pack;

/// <summary>One file of a pack.</summary>
/// <param name="Bytes">Length, uncompressed.</param>
/// <param name="Sha256">64 hexadecimal digits.</param>
public sealed record PackFile(string Path, long Bytes, string Sha256);

/// <summary>What an evidence pack holds: canonical JSON that lists every other file of the zip.</summary>
/// <param name="WholeHistory">
/// Whether the pack holds every event from the request's first to the checkpoint. Otherwise a <see cref="PackLink"/> replaces each event of
/// others, for readers who may not see them. Either way the chain leads to the checkpoint.
/// </param>
public sealed record PackManifest(string Schema, long RequestId, long RunId, string EvidenceDigest, bool WholeHistory, IReadOnlyList<PackFile> Files)
{
    public const string CurrentSchema = "safetyportal.evidence-pack/2";
}

/// <summary>A decision as the pack lists it; it has an event in the history.</summary>
public sealed record PackDecision(
    string ApproverId, string ApproverName, DecisionKind Kind, DecisionReason Reason, string? Comment, string EvidenceDigest, DateTimeOffset DecidedAt);

/// <summary>A waiver as the pack lists it; it has an event in the history.</summary>
public sealed record PackWaiver(string GrantedById, string GrantedByName, string Reason, string EvidenceDigest, DateTimeOffset GrantedAt);

/// <summary>All decisions and waivers of a request, earlier runs included.</summary>
/// <param name="Salt">The salt of the digests by which the history names comments; see <see cref="Filing.PromptDigest"/>.</param>
public sealed record PackDecisions(string Salt, IReadOnlyList<PackDecision> Decisions, IReadOnlyList<PackWaiver> Waivers);

/// <summary>One event of the history: the members that its hash covers, and the hash.</summary>
public sealed record PackEvent(
    long Sequence, string Time, string ActorId, string ActorName, string Action, string Subject, string Payload, string PreviousHash, string Hash);

/// <summary>Replaces an event that the reader of the pack may not see: enough to follow the chain, and to see that it is about something else.</summary>
/// <param name="RequestId">The request it belongs to; null when it belongs to none.</param>
/// <param name="Content">Digest over the rest of the event.</param>
public sealed record PackLink(long Sequence, long? RequestId, string Content);

/// <summary>Names of the files in a pack.</summary>
public static class PackPath
{
    public const string Manifest = "manifest.json";
    public const string Evidence = "evidence.json";
    public const string Verdict = "verdict.json";
    public const string Patch = "patch.safetensors";
    public const string Policy = "policy.json";
    public const string Decisions = "decisions.json";
    public const string Events = "history/events.jsonl";
    public const string Checkpoint = "history/checkpoint.json";
    public const string WorkerKey = "keys/worker.pem";
    public const string AuditKey = "keys/audit.pem";

    /// <summary>An image of the gallery.</summary>
    public static string Image(string digest) => $"images/{digest}";

    /// <summary>Another artifact that the evidence names.</summary>
    public static string Artifact(string digest) => $"artifacts/{digest}";

    /// <summary>
    /// Returns the digests that a document names beyond images and patch: sheets, maps and the points of charts. A pack leaves out scores and the
    /// patches of controls, because they list the concept's weights.
    /// </summary>
    public static IEnumerable<string> ArtifactsOf(EvidenceDocument evidence) =>
        new[] { evidence.Faithfulness?.Artifact, evidence.Specificity?.Sheet, evidence.Location?.Attention?.Sheet }
            .Concat(evidence.Location?.Attention?.Pairs.SelectMany(pair => new[] { pair.Before, pair.After }) ?? [])
            .Concat(evidence.RedTeam?.Probes.Select(probe => probe.Sheet) ?? [])
            .OfType<string>().Distinct(StringComparer.Ordinal);
}
