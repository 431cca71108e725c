using System.Security.Cryptography;
using System.Text;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Audit;

/// <summary>The ECDSA P-256 key that signs checkpoints. Made on first use, in a file only its owner can read.</summary>
public sealed class CheckpointKey : IDisposable
{
    private readonly ECDsa key;

    private CheckpointKey(ECDsa key)
    {
        this.key = key;
        KeyId = Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
    }

    /// <summary>SHA-256 of the public key, 64 hexadecimal digits.</summary>
    public string KeyId { get; }

    /// <summary>Reads the private key, or makes one. The public half is written beside it, for verifying elsewhere.</summary>
    public static CheckpointKey LoadOrCreate(DataFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (!File.Exists(folder.SigningKey))
        {
            using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            DataFolder.WriteSecret(folder.SigningKey, made.ExportPkcs8PrivateKeyPem() + "\n", keepExisting: true);
        }
        var loaded = FromPem(File.ReadAllText(folder.SigningKey));
        if (!File.Exists(folder.SigningKey + ".pub"))
            File.WriteAllText(folder.SigningKey + ".pub", loaded.key.ExportSubjectPublicKeyInfoPem() + "\n");
        return loaded;
    }

    /// <param name="pem">A private key, or a public one that can only verify.</param>
    /// <exception cref="CryptographicException">It is no P-256 key.</exception>
    public static CheckpointKey FromPem(string pem)
    {
        var read = ECDsa.Create();
        try
        {
            read.ImportFromPem(pem);
            return read.KeySize == 256 ? new CheckpointKey(read) : throw new CryptographicException($"expected a P-256 key, got {read.KeySize} bits");
        }
        catch (Exception error)
        {
            read.Dispose();
            throw error as CryptographicException ?? new CryptographicException("expected an ECDSA key in PEM, got something else", error);
        }
    }

    internal AuditCheckpoint Sign(long count, string headHash, DateTimeOffset time, string previous)
    {
        var text = AuditCheckpoint.SignedText(count, headHash, time, previous, KeyId);
        var signature = key.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256);
        return new(count, headHash, time, previous, KeyId, Convert.ToBase64String(signature));
    }

    internal bool Verifies(AuditCheckpoint checkpoint)
    {
        var signature = new byte[128];
        return string.Equals(checkpoint.KeyId, KeyId, StringComparison.Ordinal)
            && Convert.TryFromBase64String(checkpoint.Signature, signature, out var length)
            && key.VerifyData(Encoding.UTF8.GetBytes(checkpoint.SignedText()), signature.AsSpan(0, length), HashAlgorithmName.SHA256);
    }

    public void Dispose() => key.Dispose();
}
