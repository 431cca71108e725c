using System.Text.Json;
using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Images;
using SafetyPortal.Tests;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation;

/// <summary>The inputs and numbers of 08_metrics; its README says which library made each.</summary>
internal static class GoldenMetrics
{
    public static JsonElement Numbers { get; } = JsonDocument.Parse(File.ReadAllText(GoldenFolder.At("08_metrics", "metrics.json"))).RootElement.Clone();

    public static Features Rows(string name)
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(GoldenFolder.At("08_metrics", "io.safetensors"));
        var rows = file.Read(name);
        return new(rows.data<float>().ToArray(), (int)rows.size(1));
    }

    public static List<int[]> Subsets(string name)
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(GoldenFolder.At("08_metrics", "io.safetensors"));
        var rows = file.Read(name);
        return [.. rows.data<int>().ToArray().Chunk((int)rows.size(1))];
    }

    public static List<Raster> Pictures(string name)
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(GoldenFolder.At("08_metrics", "io.safetensors"));
        var pixels = file.Read(name).permute(0, 2, 3, 1).contiguous();
        var (height, width) = ((int)pixels.size(1), (int)pixels.size(2));
        return [.. pixels.data<byte>().ToArray().Chunk(height * width * 3).Select(p => new Raster(width, height, 3, p))];
    }
}
