using SafetyPortal.Requests.Approval;

namespace SafetyPortal.Requests.Evidence.Pack;

/// <summary>One file of a pack.</summary>
/// <param name="Bytes">Length, uncompressed.</param>
/// <param name="Sha256">64 hexadecimal digits.</param>
public sealed record PackFile(string Path, long Bytes, string Sha256);

/// <summary>
/// What an evidence pack holds. The file is canonical JSON; it lists every other file of the zip, and nothing else may be in it.
/// </summary>
/// <param name="WholeHistory">
/// Every event from the request's first to the checkpoint can be read. Otherwise a <see cref="PackLink"/> replaces each event of others, for
/// readers who may not see them. Either way the chain can be followed to the checkpoint.
/// </param>
public sealed record PackManifest(string Schema, long RequestId, long RunId, string EvidenceDigest, bool WholeHistory, IReadOnlyList<PackFile> Files)
{
    public const string CurrentSchema = "safetyportal.evidence-pack/2";
}

/// <summary>A decision as the pack lists it; it has an event in the history.</summary>
public sealed record PackDecision(string ApproverId, string ApproverName, DecisionKind Kind, DecisionReason Reason, string? Comment, string EvidenceDigest, DateTimeOffset DecidedAt);

/// <summary>A waiver as the pack lists it; it has an event in the history.</summary>
public sealed record PackWaiver(string GrantedById, string GrantedByName, string Reason, string EvidenceDigest, DateTimeOffset GrantedAt);

/// <summary>All decisions and waivers of a request, on whatever evidence.</summary>
/// <param name="Salt">The history knows comments by their digest with this salt (<see cref="Filing.PromptDigest"/>).</param>
public sealed record PackDecisions(string Salt, IReadOnlyList<PackDecision> Decisions, IReadOnlyList<PackWaiver> Waivers);

/// <summary>One event of the history, with exactly the members that are hashed and the hash.</summary>
public sealed record PackEvent(
    long Sequence, string Time, string ActorId, string ActorName, string Action, string Subject, string Payload, string PreviousHash, string Hash);

/// <summary>An event that the reader of the pack may not see: enough to follow the chain through it, and to see that it is about something else.</summary>
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

    /// <summary>An image of the gallery, named by its digest.</summary>
    public static string Image(string digest) => $"images/{digest}";

    /// <summary>Something else that the evidence names by its digest.</summary>
    public static string Artifact(string digest) => $"artifacts/{digest}";

    /// <summary>
    /// The digests a document names beyond images and patch: sheets, maps and the points of charts. A pack leaves out scores and the patches of
    /// controls, since they list the components.
    /// </summary>
    public static IEnumerable<string> ArtifactsOf(EvidenceDocument evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        return new[] { evidence.Faithfulness?.Artifact, evidence.Specificity?.Sheet, evidence.Location?.Attention?.Sheet }
            .Concat(evidence.Location?.Attention?.Pairs.SelectMany(pair => new[] { pair.Before, pair.After }) ?? [])
            .Concat(evidence.RedTeam?.Probes.Select(probe => probe.Sheet) ?? [])
            .OfType<string>().Distinct(StringComparer.Ordinal);
    }
}
