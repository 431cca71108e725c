using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Tests;

/// <summary>
/// tests/goldens/07_cad: what the official CAD code (mail-research/CAD-attribution4diffusion, 18b257e) computes on the tiny model in
/// tests/goldens/pipeline; the tolerances are those of its README.
/// </summary>
public sealed class Goldens : IDisposable
{
    private readonly SafetensorsFile io = SafetensorsFile.Open(GoldenFolder.At("07_cad", "io.safetensors"));

    public static string PipelineFolder => GoldenFolder.At("pipeline");

    /// <summary>The folder of a small half-precision model: sd2 (velocity prediction, in shards) or sdxl (two text encoders, a variant file).</summary>
    public static string Model(string name) => GoldenFolder.At("..", "SafetyPortal.Diffusion.Tests", "References", name);

    public StableDiffusionPipeline Pipeline { get; } = StableDiffusionPipeline.Load(PipelineFolder);

    public Tensor Read(string name) => io.Read(name);

    public static double RelativeError(Tensor actual, Tensor expected)
    {
        using var scope = NewDisposeScope();
        return (((actual - expected).norm().ToDouble() + 1e-30) / (expected.norm().ToDouble() + 1e-30)).Finite();
    }

    public void Dispose()
    {
        io.Dispose();
        Pipeline.Dispose();
    }
}

internal sealed class Collector<T>(List<T> seen, Action? then = null) : IProgress<T>
{
    public void Report(T value)
    {
        seen.Add(value);
        then?.Invoke();
    }
}

[CollectionDefinition(nameof(Goldens), DisableParallelization = true)]
public sealed class GoldensGroup : ICollectionFixture<Goldens>;
