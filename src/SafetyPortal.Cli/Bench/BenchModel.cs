using SafetyPortal.Cli.Commands;
using static TorchSharp.torch;

namespace SafetyPortal.Cli.Bench;

/// <summary>The model folder a preset stands for.</summary>
internal static class BenchModel
{
    public const string Demo = "demo";

    /// <summary>The embedded model, or a folder of random weights under <c>data/bench</c>, which is written at the first call.</summary>
    public static string Folder(string preset, CancellationToken cancellation)
    {
        if (preset == Demo) return EmbeddedModel.Folder;
        var folder = Path.GetFullPath(Path.Combine("data", "bench", preset));
        if (File.Exists(Path.Combine(folder, "model_index.json"))) return folder;

        // Written under another name first, so that an interrupted one is not taken for whole.
        var partial = folder + ".partial";
        if (Directory.Exists(partial)) Directory.Delete(partial, recursive: true);
        MakeModelFolder.Write(MakeModelPreset.Read(preset), partial, ScalarType.Float32, seed: 0, shards: 1, tokenizer: null, cancellation);
        Directory.Move(partial, folder);
        return folder;
    }
}
