using System.Security.Cryptography;
using System.Text;
using SafetyPortal.Requests.Audit;

namespace SafetyPortal.Requests.Evidence;

/// <summary>Merkle tree hash as in RFC 6962, section 2.1: leaves and nodes are hashed with different prefixes, so neither can pass for the other.</summary>
public static class MerkleTree
{
    /// <summary>Root over the canonical JSON of each entry, 64 hexadecimal digits; of an empty list it is the hash of nothing.</summary>
    public static string RootOf<T>(IReadOnlyList<T> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        byte[][] leaves = [.. entries.Select(entry => Encoding.UTF8.GetBytes(CanonicalJson.Serialize(entry)))];
        return Convert.ToHexStringLower(Root(leaves));
    }

    /// <summary>Root over raw leaves.</summary>
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
