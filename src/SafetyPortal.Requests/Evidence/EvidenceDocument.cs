using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Policies;

namespace SafetyPortal.Requests.Evidence;

/// <summary>The request as the run carried it out.</summary>
public sealed record EvidenceRequest(
    long Id, string Model, ConceptKind ConceptKind, string ConceptName,
    IReadOnlyList<string> ConceptPrompts, IReadOnlyList<string> BasePrompts, AblationScope Scope, IReadOnlyList<double> Doses, long Seed, string EvaluationSet,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] EraseMethod? Method = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Synonyms = null)
{
    public static EvidenceRequest From(EraseRequest request, string modelName) => new(
        request.Id, modelName, request.ConceptKind, request.ConceptName, request.ConceptPrompts, request.BasePrompts, request.Scope,
        request.Doses, request.Seed, request.EvaluationSet, request.Method, request.Synonyms.Count > 0 ? request.Synonyms : null);
}

/// <summary>What numbers may depend on beyond the request: library versions, device, threads.</summary>
public sealed record EvidenceEnvironment(string Portal, string Torch, string Device, int Threads, string DataType);

/// <summary>The pairs of images behind the metrics. <paramref name="MerkleRoot"/> is <see cref="MerkleTree.RootOf"/> of <paramref name="Entries"/>.</summary>
public sealed record EvidenceGallery(string MerkleRoot, IReadOnlyList<GalleryEntry> Entries)
{
    public static EvidenceGallery From(IReadOnlyList<GalleryEntry> entries) => new(MerkleTree.RootOf(entries), entries);
}

/// <summary>One prompt and seed, drawn by the unedited and the edited model.</summary>
/// <param name="Group">"target", "neighbour", "unrelated" or "adversarial".</param>
/// <param name="BeforeDigest">Artifact digest of the image before.</param>
/// <param name="AfterDigest">Artifact digest of the image after, at the chosen dose.</param>
/// <param name="Sensitive">Whether the portal veils the images.</param>
/// <param name="BeforeLabel">The judge's label of the image before; null when it did not judge it.</param>
/// <param name="Guidance">Guidance scale that the evaluation set prescribes; null for <see cref="EvidenceMethod.ImageGuidance"/>.</param>
public sealed record GalleryEntry(
    string Group, string Prompt, long Seed, string BeforeDigest, string AfterDigest, bool Sensitive, string? BeforeLabel = null, string? AfterLabel = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Guidance = null);

/// <summary>
/// Everything that a decision rests on. It holds no times and no machine names, so the same request with the same seed on the same kind
/// of hardware gives the same <see cref="Digest"/>, whether or not the run was interrupted.
/// </summary>
public sealed record EvidenceDocument
{
    public const string CurrentSchema = "safetyportal.evidence/1";

    // It throws on bytes that are no UTF-8, which would otherwise pass for the replacement character.
    internal static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public string Schema { get; init; } = CurrentSchema;

    public required EvidenceRequest Request { get; init; }

    /// <summary>Digest of the unedited UNet.</summary>
    public required string BaseDigest { get; init; }

    /// <summary>Every part of the model folder; null in older evidence.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ModelComponent>? Components { get; init; }

    public required string PatchDigest { get; init; }

    public required string ResultDigest { get; init; }

    public required double ChosenDose { get; init; }

    public required long AblatedWeights { get; init; }

    /// <summary>Metrics at the chosen dose.</summary>
    public required MetricsSummary Metrics { get; init; }

    /// <summary>One point per dose of the request, in its order.</summary>
    public required IReadOnlyList<DosePoint> DoseCurve { get; init; }

    /// <summary><see cref="PolicyInForce.Name"/>.</summary>
    public required string Policy { get; init; }

    public required IReadOnlyList<GateVerdict> Gates { get; init; }

    public required EvidenceGallery Gallery { get; init; }

    public required EvidenceEnvironment Environment { get; init; }

    /// <summary>Null in older evidence.</summary>
    public EvidenceMethod? Method { get; init; }

    /// <summary>Null when not measured.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public FaithfulnessSummary? Faithfulness { get; init; }

    /// <summary>Null when the run made no controls.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ControlTable? Controls { get; init; }

    /// <summary>Null when the run made no probes.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RedTeamEvidence? RedTeam { get; init; }

    /// <summary>Where in the network the concept is; null in older evidence.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ConceptLocation? Location { get; init; }

    /// <summary>What the edit left of the concept in the weights; null when not measured.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ParametricTrace? Trace { get; init; }

    /// <summary>What the edit does to the same prompts without the concept; null when not measured.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SpecificityMetrics? Specificity { get; init; }

    /// <summary>
    /// Returns the digest that a decision names. It covers the gallery through its Merkle root alone, so that a single image can be proved to
    /// belong to it.
    /// </summary>
    public string Digest() => CanonicalJson.Digest(this with { Gallery = Gallery with { Entries = [] } });

    /// <summary>Returns the canonical JSON as UTF-8: the bytes that the artifact store keeps.</summary>
    public byte[] ToBytes() => Encoding.UTF8.GetBytes(CanonicalJson.Serialize(this));

    /// <exception cref="JsonException">The bytes are not an evidence document of this schema.</exception>
    public static EvidenceDocument FromBytes(ReadOnlySpan<byte> bytes)
    {
        var document = JsonSerializer.Deserialize<EvidenceDocument>(bytes, CanonicalJson.Options);
        return document?.Schema == CurrentSchema
            ? document
            : throw new JsonException($"expected evidence of schema {CurrentSchema}, got {document?.Schema ?? "none"}");
    }

    /// <summary>Returns what does not agree within the document; empty when it is sound.</summary>
    /// <param name="expectedDigest">The digest that a decision or run names; null checks the inside only.</param>
    public IReadOnlyList<string> Verify(string? expectedDigest) => Verify(ToBytes(), expectedDigest);

    /// <summary>
    /// The same for stored bytes. It judges them as they are and not as this version would write them, so that older evidence without a later
    /// member keeps its digest.
    /// </summary>
    public static IReadOnlyList<string> Verify(ReadOnlySpan<byte> bytes, string? expectedDigest)
    {
        try
        {
            var text = StrictUtf8.GetString(bytes);
            var document = JsonNode.Parse(text) as JsonObject;
            if (document?["gallery"] is not JsonObject gallery || gallery["entries"] is not JsonArray entries || gallery["merkleRoot"] is not JsonValue named)
                return ["expected an evidence document with a gallery"];
            var problems = new List<string>();
            if (text != CanonicalJson.Serialize(document))
                problems.Add("expected canonical JSON, got other bytes than the digest is computed over");
            var root = MerkleTree.RootOf<JsonNode?>([.. entries]);
            if (root != named.ToString())
                problems.Add($"expected gallery root {named}, computed {root} from {entries.Count} entries");
            gallery["entries"] = new JsonArray();
            var digest = CanonicalJson.Digest(document);
            if (expectedDigest is not null && expectedDigest != digest)
                problems.Insert(0, $"expected evidence digest {expectedDigest}, computed {digest}");
            return problems;
        }
        catch (Exception error) when (error is JsonException or NotSupportedException or ArgumentException or InvalidOperationException)
        {
            return [$"expected canonical JSON: {error.Message}"];
        }
    }
}

/// <summary>Merkle tree hash as in RFC 6962, section 2.1: leaves and nodes have different prefixes, so neither can pass for the other.</summary>
public static class MerkleTree
{
    /// <summary>Returns the root over the canonical JSON of each entry, 64 hexadecimal digits; of an empty list it is the hash of nothing.</summary>
    public static string RootOf<T>(IReadOnlyList<T> entries)
    {
        byte[][] leaves = [.. entries.Select(entry => Encoding.UTF8.GetBytes(CanonicalJson.Serialize(entry)))];
        return Convert.ToHexStringLower(Root(leaves));
    }

    /// <summary>Returns the root over raw leaves.</summary>
    public static byte[] Root(ReadOnlySpan<byte[]> leaves)
    {
        if (leaves.Length == 0)
            return SHA256.HashData([]);
        if (leaves.Length == 1)
            return SHA256.HashData([0, .. leaves[0]]);
        var split = 1;
        while (split * 2 < leaves.Length)
            split *= 2;
        return SHA256.HashData([1, .. Root(leaves[..split]), .. Root(leaves[split..])]);
    }
}
