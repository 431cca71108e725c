using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Images;
using SafetyPortal.Tests;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation;

/// <summary>Features and pictures of tests/goldens/08_metrics.</summary>
internal static class GoldenMetrics
{
    public static Features Rows(string name)
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(GoldenFolder.At("08_metrics", "io.safetensors"));
        var rows = file.Read(name);
        return new(rows.data<float>().ToArray(), (int)rows.size(1));
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
