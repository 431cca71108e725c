using System.Text.Json;
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
    private readonly SafetensorsFile io = SafetensorsFile.Open(Path.Combine(Folder, "07_cad", "io.safetensors"));
    private readonly JsonDocument ablation = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "07_cad", "ablation.json")));

    public static string Folder { get; } = GoldenFolder.At();

    public static string PipelineFolder => Path.Combine(Folder, "pipeline");

    /// <summary>The folder of a small half-precision model: sd2 (velocity prediction, in shards) or sdxl (two text encoders, a variant file).</summary>
    public static string Model(string name) => Path.GetFullPath(Path.Combine(Folder, "..", "SafetyPortal.Diffusion.Tests", "References", name));

    public StableDiffusionPipeline Pipeline { get; } = StableDiffusionPipeline.Load(PipelineFolder);

    public Tensor Read(string name) => io.Read(name);

    public IEnumerable<string> Names(string prefix) => io.Entries.Keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>The feed-forward weights in the order in which the masks concatenate them.</summary>
    public IReadOnlyList<string> FeedForwardOrder =>
        ablation.RootElement.GetProperty("ff_params_in_order").EnumerateObject().Select(p => p.Name).ToList();

    /// <summary>The flat indices a mask sets, per weight.</summary>
    public Dictionary<string, long[]> MaskIndices(string key)
    {
        using var scope = NewDisposeScope();
        var bits = Read("mask." + key).data<byte>().ToArray();
        return ablation.RootElement.GetProperty("ff_params_in_order").EnumerateObject().ToDictionary(
            p => p.Name,
            p =>
            {
                var offset = p.Value[0].GetInt64();
                var numel = p.Value[1][0].GetInt64() * p.Value[1][1].GetInt64();
                return Enumerable.Range(0, (int)numel).Select(i => (long)i)
                    .Where(i => (bits[(offset + i) / 8] >> (int)(7 - ((offset + i) % 8)) & 1) == 1)
                    .ToArray();
            },
            StringComparer.Ordinal);
    }

    public static double RelativeError(Tensor actual, Tensor expected)
    {
        using var scope = NewDisposeScope();
        return (((actual - expected).norm().ToDouble() + 1e-30) / (expected.norm().ToDouble() + 1e-30)).Finite();
    }

    public static double MaxError(Tensor actual, Tensor expected)
    {
        using var scope = NewDisposeScope();
        return (actual - expected).abs().max().ToDouble().Finite();
    }

    public void Dispose()
    {
        io.Dispose();
        ablation.Dispose();
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
