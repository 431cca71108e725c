using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Runtime;

/// <summary>Standard normal noise for a batch. Each image has a generator of its own, on the CPU so that every device gets the same noise.</summary>
internal sealed class SeededNoise : IDisposable
{
    private readonly Generator[] generators;
    private readonly long[] shape;

    /// <param name="shape">[C, h, w] of one image's latent.</param>
    public SeededNoise(IReadOnlyList<long> seeds, long[] shape)
    {
        generators = [.. seeds.Select(seed => new Generator(unchecked((ulong)seed)))];
        this.shape = [1, .. shape];
    }

    /// <summary>Returns the next noise of every image, float32 [B, C, h, w].</summary>
    public Tensor Draw()
    {
        using var scope = NewDisposeScope();
        return cat([.. generators.Select(g => randn(shape, dtype: ScalarType.Float32, generator: g))]).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (var generator in generators)
            generator.Dispose();
    }
}
