using System.Security.Cryptography;
using System.Text;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Signing;

/// <summary>An ECDSA P-256 key: the private half signs, a public half alone can only verify.</summary>
public sealed class SigningKey : IDisposable
{
    private readonly ECDsa key;

    private SigningKey(ECDsa key)
    {
        this.key = key;
        Id = Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
    }

    /// <summary>SHA-256 of the public key (SubjectPublicKeyInfo), 64 hexadecimal digits.</summary>
    public string Id { get; }

    /// <summary>The public half in PEM.</summary>
    public string PublicPem => key.ExportSubjectPublicKeyInfoPem() + "\n";

    /// <summary>
    /// Reads the private key at <paramref name="path"/>, or makes one in a file that only its owner can read. Writes the public half to a file with
    /// the further extension .pub.
    /// </summary>
    public static SigningKey LoadOrCreate(string path)
    {
        if (!File.Exists(path))
        {
            using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            DataFolder.WriteSecret(path, made.ExportPkcs8PrivateKeyPem() + "\n", keepExisting: true);
        }
        var loaded = FromPem(File.ReadAllText(path));
        if (!File.Exists(path + ".pub"))
            File.WriteAllText(path + ".pub", loaded.PublicPem);
        return loaded;
    }

    /// <param name="pem">A private key, or a public one that can only verify.</param>
    /// <exception cref="CryptographicException">The text is no P-256 key.</exception>
    public static SigningKey FromPem(string pem)
    {
        var read = ECDsa.Create();
        try
        {
            read.ImportFromPem(pem);
            var curve = read.ExportParameters(includePrivateParameters: false).Curve.Oid;
            return curve.Value == ECCurve.NamedCurves.nistP256.Oid.Value
                || curve.FriendlyName == ECCurve.NamedCurves.nistP256.Oid.FriendlyName
                ? new SigningKey(read)
                : throw new CryptographicException($"Expected a P-256 key, got {read.KeySize} bits on curve {curve.FriendlyName ?? curve.Value}.");
        }
        catch (Exception error)
        {
            read.Dispose();
            throw error as CryptographicException ?? new CryptographicException("Expected an ECDSA key in PEM, got something else.", error);
        }
    }

    /// <summary>Returns the signature of the UTF-8 bytes of a text with SHA-256, base64. Two signatures of one text differ.</summary>
    public string Sign(string text) => Convert.ToBase64String(key.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256));

    /// <summary>Returns whether the signature is this key's over the text; false for anything malformed.</summary>
    public bool Verifies(string text, string? signature)
    {
        var bytes = new byte[128];
        return signature is not null
            && Convert.TryFromBase64String(signature, bytes, out var length)
            && key.VerifyData(Encoding.UTF8.GetBytes(text), bytes.AsSpan(0, length), HashAlgorithmName.SHA256);
    }

    public void Dispose() => key.Dispose();
}
