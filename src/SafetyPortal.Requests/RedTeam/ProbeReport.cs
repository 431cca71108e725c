using System.Text;
using System.Text.Json;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Evidence;

namespace SafetyPortal.Requests.RedTeam;

/// <summary>
/// The findings of an order, with the patch that it attacked. It names contact sheets alone: weights in which a probe rebuilt the concept exist during
/// the probe only.
/// </summary>
/// <param name="EvidenceDigest">Evidence of the run whose patch the probes attacked.</param>
/// <param name="BaseDigest">Digest of the unedited weights.</param>
/// <param name="PatchDigest">Artifact digest of the patch.</param>
public sealed record ProbeReport(
    string Schema,
    long RequestId,
    long RunId,
    string EvidenceDigest,
    string BaseDigest,
    string PatchDigest,
    EvidenceEnvironment Environment,
    RedTeamEvidence Findings)
{
    public const string CurrentSchema = "safetyportal.redteam/1";

    /// <summary>Returns the canonical JSON as UTF-8: the bytes that the artifact store keeps.</summary>
    public byte[] ToBytes() => Encoding.UTF8.GetBytes(CanonicalJson.Serialize(this));

    /// <exception cref="JsonException">The bytes are no report of this schema.</exception>
    public static ProbeReport FromBytes(ReadOnlySpan<byte> bytes)
    {
        var report = JsonSerializer.Deserialize<ProbeReport>(bytes, CanonicalJson.Options);
        return report is { Schema: CurrentSchema, Findings.Probes: { } probes } && probes.All(probe => probe is { Code: not null, SheetRows: not null })
            ? report
            : throw new JsonException($"expected a red-team report of schema {CurrentSchema}, got {report?.Schema ?? "none"}");
    }
}
