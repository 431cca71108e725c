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

[CollectionDefinition(nameof(Goldens), DisableParallelization = true)]
public sealed class GoldensGroup : ICollectionFixture<Goldens>;
