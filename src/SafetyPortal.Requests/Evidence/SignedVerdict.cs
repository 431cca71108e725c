using System.Text.Json;
using System.Text.Json.Serialization;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Policies;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Evidence;

/// <summary>What a worker states: it computed these gates over this evidence under this policy.</summary>
/// <param name="EvidenceDigest"><see cref="EvidenceDocument.Digest"/>.</param>
/// <param name="Policy"><see cref="PolicyInForce.Name"/>.</param>
/// <param name="KeyId">SHA-256 of the worker's public key.</param>
public sealed record VerdictStatement(string Schema, string EvidenceDigest, string Policy, IReadOnlyList<GateVerdict> Gates, string KeyId)
{
    public const string CurrentSchema = "safetyportal.verdict/1";

    /// <summary>Whether every gate passed.</summary>
    public bool GatesPassed() => GateRule.AllPassed(Gates);
}

/// <summary>
/// A worker's statement with its signature. It is stored apart from the evidence: the evidence of a repeated run has the same
/// digest, a signature never repeats.
/// </summary>
/// <param name="Statement">
/// A <see cref="VerdictStatement"/> as canonical JSON. It is kept as the text that was signed, so that a later version with more members
/// still verifies it.
/// </param>
/// <param name="Signature">ECDSA P-256 with SHA-256 over the statement, base64.</param>
public sealed record SignedVerdict(string Statement, string Signature)
{
    /// <summary>The statement; null when the text is none of this schema.</summary>
    [JsonIgnore]
    public VerdictStatement? Content => Read<VerdictStatement>(Statement) is
    { Schema: VerdictStatement.CurrentSchema, EvidenceDigest: not null, Policy: not null, KeyId: not null, Gates: not null } statement
        && statement.Gates.All(gate => gate is { Code: not null, Text: not null }) ? statement : null;

    /// <summary>Signs the gates of evidence that agrees with itself.</summary>
    /// <exception cref="InvalidDataException">It does not.</exception>
    public static SignedVerdict Of(EvidenceDocument evidence, SigningKey key)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        return evidence.Verify(expectedDigest: null) is { Count: > 0 } problems
            ? throw new InvalidDataException($"Expected sound evidence to sign: {string.Join("; ", problems)}.")
            : Of(evidence.Digest(), evidence.Policy, evidence.Gates, key);
    }

    /// <inheritdoc cref="Of(EvidenceDocument, SigningKey)"/>
    public static SignedVerdict Of(string evidenceDigest, string policy, IReadOnlyList<GateVerdict> gates, SigningKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var statement = CanonicalJson.Serialize(new VerdictStatement(VerdictStatement.CurrentSchema, evidenceDigest, policy, gates, key.Id));
        return new(statement, key.Sign(statement));
    }

    /// <summary>True when the signature is that of <paramref name="key"/> over exactly this statement.</summary>
    public bool IsSignedBy(SigningKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return string.Equals(Content?.KeyId, key.Id, StringComparison.Ordinal) && key.Verifies(Statement, Signature);
    }

    public string ToJson() => CanonicalJson.Serialize(this);

    /// <summary>What <see cref="ToJson"/> wrote; null for text that is no verdict.</summary>
    public static SignedVerdict? Read(string? json) => Read<SignedVerdict>(json) is { Signature: not null, Content: not null } verdict ? verdict : null;

    private static T? Read<T>(string? json)
        where T : class
    {
        if (json is null)
            return null;
        try
        {
            return JsonSerializer.Deserialize<T>(json, CanonicalJson.Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
