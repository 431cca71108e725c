namespace SafetyPortal.Erasure.Ablation;

/// <summary>The ablated entries of one tensor.</summary>
/// <param name="Name">Weight name in the checkpoint.</param>
/// <param name="Shape">Shape of the weight.</param>
/// <param name="Indices">Ascending indices into the row-major flattened weight; may be empty.</param>
public sealed record TensorMask(string Name, IReadOnlyList<long> Shape, long[] Indices)
{
    public long Numel => Shape.Aggregate(1L, (product, size) => product * size);
}

/// <summary>Which weights an ablation takes, tensor by tensor in candidate order.</summary>
public sealed record AblationMask(IReadOnlyList<TensorMask> Tensors)
{
    /// <summary>Number of ablated weights.</summary>
    public long Count => Tensors.Sum(t => (long)t.Indices.Length);

    /// <summary>How many weights both masks take, and that number over their union (Jaccard, 0..1; 0 when both are empty).</summary>
    public (long Shared, double Jaccard) Overlap(AblationMask other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var theirs = other.Tensors.ToDictionary(t => t.Name, t => t.Indices, StringComparer.Ordinal);
        var shared = Tensors.Sum(t => theirs.TryGetValue(t.Name, out var indices) ? SharedCount(t.Indices, indices) : 0);
        var union = Count + other.Count - shared;
        return (shared, union == 0 ? 0 : (double)shared / union);
    }

    private static long SharedCount(long[] a, long[] b)
    {
        long shared = 0;
        for (int i = 0, j = 0; i < a.Length && j < b.Length;)
        {
            if (a[i] == b[j])
            {
                shared++;
                i++;
                j++;
            }
            else if (a[i] < b[j])
            {
                i++;
            }
            else
            {
                j++;
            }
        }

        return shared;
    }
}
