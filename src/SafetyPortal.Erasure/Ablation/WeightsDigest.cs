using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using SafetyPortal.Diffusion.Safetensors;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Ablation;

/// <summary>
/// SHA-256 over the weights of a module: for every entry of its state in ordinal name order, the name, the dtype, the shape and the
/// row-major bytes, each field behind its length. It does not depend on the file: a half-precision checkpoint and its single-precision copy,
/// loaded as one dtype, have one digest.
/// </summary>
public static class WeightsDigest
{
    /// <summary>Lower-case hexadecimal digest, 64 characters.</summary>
    public static string Of(nn.Module module) => Of(module.state_dict().Select(p => (p.Key, (Func<Tensor>)p.Value.detach)));

    /// <summary>The digest of weights on disk as if they were loaded in single precision; one tensor in memory at a time.</summary>
    public static string Of(ITensorSource weights) =>
        Of(weights.Entries.Keys.Select(name => (name, (Func<Tensor>)(() => weights.Read(name, ScalarType.Float32)))));

    private static string Of(IEnumerable<(string Name, Func<Tensor> Value)> weights)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, value) in weights.OrderBy(p => p.Name, StringComparer.Ordinal))
        {
            using var inner = NewDisposeScope();
            var tensor = value();
            Append(hash, Encoding.UTF8.GetBytes(name));
            Append(hash, Encoding.UTF8.GetBytes(tensor.dtype.ToString()));
            Append(hash, Encoding.UTF8.GetBytes(string.Join(',', tensor.shape)));
            Append(hash, tensor.cpu().contiguous().bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Append(IncrementalHash hash, ReadOnlySpan<byte> field)
    {
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, field.Length);
        hash.AppendData(length);
        hash.AppendData(field);
    }
}
