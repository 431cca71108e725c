using SafetyPortal.Cli.Commands;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Bench;

/// <summary>The model folder of a preset.</summary>
internal static class BenchModel
{
    public const string Demo = "demo";

    /// <summary>The embedded model, or a folder of random weights under <c>data/bench</c>, which is written at the first call.</summary>
    public static string Folder(string preset, CancellationToken cancellation)
    {
        if (preset == Demo) return EmbeddedModel.Folder;
        var folder = Path.GetFullPath(Path.Combine("data", "bench", preset));
        if (File.Exists(Path.Combine(folder, "model_index.json"))) return folder;
        return MakeModelFolder.Write(MakeModelPreset.Read(preset), folder, ScalarType.Float32, seed: 0, shards: 1, tokenizer: null, cancellation).Path;
    }
}
