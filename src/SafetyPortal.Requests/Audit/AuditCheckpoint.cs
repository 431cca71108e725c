using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Audit;

/// <summary>
/// A signed statement that the history had <paramref name="Count"/> events ending in <paramref name="HeadHash"/>. It is stored outside the database,
/// so a person who rewrites the database cannot make the two agree again without the signing key.
/// </summary>
/// <param name="Previous">SHA-256 of the checkpoint line before, 64 zeros for the first: a line cannot be taken out of the file unnoticed.</param>
/// <param name="KeyId">SHA-256 of the public key that signed.</param>
/// <param name="Signature">ECDSA P-256 with SHA-256 over the canonical JSON of the other members, base64.</param>
public sealed record AuditCheckpoint(long Count, string HeadHash, DateTimeOffset Time, string Previous, string KeyId, string Signature)
{
    private const long MaxCount = 1L << 53;

    /// <summary>The canonical JSON that is signed: everything but the signature.</summary>
    internal static string SignedText(long count, string headHash, DateTimeOffset time, string previous, string keyId) =>
        CanonicalJson.Serialize(new { count, headHash, time = AuditHash.Iso(time), previous, keyId });

    /// <summary>Whether the key signed this. A count that canonical JSON cannot hold (above 2^53) was never signed.</summary>
    internal bool IsSignedBy(SigningKey key) => Count is >= 0 and <= MaxCount && key.Verifies(SignedText(), Signature);

    internal string SignedText() => SignedText(Count, HeadHash, Time, Previous, KeyId);
}
