using System.Text.Json;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Policies;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Evidence;

/// <summary>
/// A worker's word that it computed these gates over this evidence under this policy. It stands beside the evidence and not in it: the
/// evidence of a repeated run has the same digest, a signature never repeats.
/// </summary>
/// <param name="EvidenceDigest"><see cref="EvidenceDocument.Digest"/>.</param>
/// <param name="Policy"><see cref="PolicyInForce.Name"/>.</param>
/// <param name="KeyId">SHA-256 of the worker's public key.</param>
/// <param name="Signature">ECDSA P-256 with SHA-256 over the canonical JSON of the other members and the schema, base64.</param>
public sealed record SignedVerdict(string EvidenceDigest, string Policy, IReadOnlyList<GateVerdict> Gates, string KeyId, string Signature)
{
    public const string Schema = "safetyportal.verdict/1";

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
        return new(evidenceDigest, policy, gates, key.Id, key.Sign(Text(evidenceDigest, policy, gates, key.Id)));
    }

    /// <summary>Whether every gate passed.</summary>
    public bool GatesPassed() => GateRule.AllPassed(Gates);

    /// <summary>True when the signature is that of <paramref name="key"/> over exactly these members.</summary>
    public bool IsSignedBy(SigningKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return string.Equals(KeyId, key.Id, StringComparison.Ordinal) && key.Verifies(Text(EvidenceDigest, Policy, Gates, KeyId), Signature);
    }

    public string ToJson() => CanonicalJson.Serialize(this);

    /// <summary>What <see cref="ToJson"/> wrote; null for text that is no complete verdict.</summary>
    public static SignedVerdict? Read(string? json)
    {
        if (json is null)
            return null;
        try
        {
            var verdict = JsonSerializer.Deserialize<SignedVerdict>(json, CanonicalJson.Options);
            return verdict is { EvidenceDigest: not null, Policy: not null, Gates: not null, KeyId: not null, Signature: not null }
                && verdict.Gates.All(gate => gate is { Code: not null, Text: not null }) ? verdict : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Text(string evidenceDigest, string policy, IReadOnlyList<GateVerdict> gates, string keyId) =>
        CanonicalJson.Serialize(new { schema = Schema, evidenceDigest, policy, gates, keyId });
}
