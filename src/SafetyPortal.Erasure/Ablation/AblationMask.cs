using SafetyPortal.Diffusion.Unet;
using TorchSharp.Modules;

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
        var theirs = other.Tensors.ToDictionary(t => t.Name, t => t.Indices, StringComparer.Ordinal);
        var shared = Tensors.Sum(t => SharedCount(t.Indices, theirs.GetValueOrDefault(t.Name, [])));
        var union = Count + other.Count - shared;
        return (shared, union == 0 ? 0 : (double)shared / union);
    }

    /// <summary>The mask without tensors that keep all their weights.</summary>
    internal AblationMask WithoutEmpty() => new([.. Tensors.Where(t => t.Indices.Length > 0)]);

    /// <summary>Finds the weights that the mask names in a model, in the order of the mask.</summary>
    /// <exception cref="PatchMismatchException">The model has no such weight, or one of another shape.</exception>
    internal IReadOnlyList<(TensorMask Mask, Parameter Weight)> WeightsIn(UNet2DConditionModel unet)
    {
        var named = unet.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        return [.. Tensors.Select(mask => (mask, Find(mask)))];

        Parameter Find(TensorMask mask)
        {
            if (!named.TryGetValue(mask.Name, out var weight))
                throw new PatchMismatchException($"Expected a weight called {mask.Name}, the model has none.");
            return weight.shape.SequenceEqual(mask.Shape)
                ? weight
                : throw new PatchMismatchException(
                    $"Expected {mask.Name} of shape [{string.Join(", ", mask.Shape)}], the model's is [{string.Join(", ", weight.shape)}].");
        }
    }

    private static long SharedCount(long[] a, long[] b)
    {
        long shared = 0;
        for (int i = 0, j = 0; i < a.Length && j < b.Length;)
        {
            var order = a[i].CompareTo(b[j]);
            if (order == 0)
                shared++;
            if (order <= 0)
                i++;
            if (order >= 0)
                j++;
        }

        return shared;
    }
}
