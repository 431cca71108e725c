using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Runtime;

/// <summary>Standard normal noise for a batch, each image from a generator of its own, drawn on the CPU so that every device sees the same.</summary>
internal sealed class SeededNoise : IDisposable
{
    private readonly Generator[] _generators;
    private readonly long[] _shape;

    /// <param name="shape">[C, h, w] of one image's latent.</param>
    public SeededNoise(IReadOnlyList<long> seeds, long[] shape)
    {
        _generators = [.. seeds.Select(seed => new Generator(unchecked((ulong)seed)))];
        _shape = [1, .. shape];
    }

    /// <summary>The next noise of every image, float32 [B, C, h, w].</summary>
    public Tensor Draw()
    {
        using var scope = NewDisposeScope();
        return cat([.. _generators.Select(g => randn(_shape, dtype: ScalarType.Float32, generator: g))]).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (var generator in _generators)
            generator.Dispose();
    }
}
