using SafetyPortal.Diffusion.Runtime;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation;

/// <summary>Image features, one row per image.</summary>
public sealed class Features
{
    private readonly float[] values;

    /// <param name="values">Row-major, a multiple of <paramref name="dimension"/> long, all finite.</param>
    /// <exception cref="ArgumentException">The length does not fit, or a value is not finite.</exception>
    public Features(float[] values, int dimension)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        if (values.Length % dimension != 0)
            throw new ArgumentException($"Expected whole rows of {dimension}, got {values.Length} values.", nameof(values));
        var bad = Array.FindIndex(values, v => !float.IsFinite(v));
        if (bad >= 0)
            throw new ArgumentException($"Expected finite numbers, feature {bad % dimension} of image {bad / dimension} is {values[bad]}.", nameof(values));
        (this.values, Dimension) = (values, dimension);
    }

    /// <summary>Values per image.</summary>
    public int Dimension { get; }

    /// <summary>Images.</summary>
    public int Count => values.Length / Dimension;

    /// <summary>The features of one image.</summary>
    public ReadOnlySpan<float> this[int image] => values.AsSpan(image * Dimension, Dimension);

    /// <summary>The first <paramref name="count"/> images.</summary>
    public Features Take(int count) => new(values[..(count * Dimension)], Dimension);

    /// <summary>The given images, in the given order.</summary>
    public Features Select(IReadOnlyList<int> images) => new([.. images.SelectMany(i => this[i].ToArray())], Dimension);

    /// <summary>Returns both sets as tensors if a distance between them is defined.</summary>
    /// <exception cref="ArgumentException">The sets have different numbers of features, or fewer than two images.</exception>
    internal static (Tensor First, Tensor Second) Comparable(Features first, Features second)
    {
        if (first.Dimension != second.Dimension)
            throw new ArgumentException($"Expected {first.Dimension} features, the second set has {second.Dimension}.", nameof(second));
        if (first.Count < 2 || second.Count < 2)
            throw new ArgumentException($"Expected at least 2 images in each set, got {first.Count} and {second.Count}.", nameof(first));
        return (first.ToTensor(), second.ToTensor());
    }

    /// <summary>[images, features], float64.</summary>
    internal Tensor ToTensor() => OwnedTensor.Of(Array.ConvertAll(values, v => (double)v), Count, Dimension);
}
