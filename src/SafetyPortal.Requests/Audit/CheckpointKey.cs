using System.Security.Cryptography;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Audit;

/// <summary>The ECDSA P-256 key that signs checkpoints. Made on first use, in a file only its owner can read.</summary>
public sealed class CheckpointKey : IDisposable
{
    private readonly SigningKey key;

    private CheckpointKey(SigningKey key) => this.key = key;

    /// <summary>SHA-256 of the public key, 64 hexadecimal digits.</summary>
    public string KeyId => key.Id;

    /// <summary>The public half in PEM.</summary>
    public string PublicPem => key.PublicPem;

    /// <summary>Reads the private key, or makes one. Writes the public half next to it, for verifying elsewhere.</summary>
    public static CheckpointKey LoadOrCreate(DataFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return new(SigningKey.LoadOrCreate(folder.SigningKey));
    }

    /// <param name="pem">A private key, or a public one that can only verify.</param>
    /// <exception cref="CryptographicException">It is no P-256 key.</exception>
    public static CheckpointKey FromPem(string pem) => new(SigningKey.FromPem(pem));

    internal AuditCheckpoint Sign(long count, string headHash, DateTimeOffset time, string previous) =>
        new(count, headHash, time, previous, KeyId, key.Sign(AuditCheckpoint.SignedText(count, headHash, time, previous, KeyId)));

    internal bool Verifies(AuditCheckpoint checkpoint) =>
        string.Equals(checkpoint.KeyId, KeyId, StringComparison.Ordinal) && checkpoint.IsSignedBy(key);

    public void Dispose() => key.Dispose();
}
