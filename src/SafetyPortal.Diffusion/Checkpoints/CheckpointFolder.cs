using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SafetyPortal.Diffusion.Safetensors;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Checkpoints;

/// <summary>One part of a model on disk: <c>config.json</c> and its weights.</summary>
internal static class CheckpointFolder
{
    /// <summary>The file stem of diffusers' own networks.</summary>
    public const string DiffusersStem = "diffusion_pytorch_model";

    /// <summary>The file stem of transformers' networks.</summary>
    public const string TransformersStem = "model";

    private const string ConfigName = "config.json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static ModelConfigFile OpenConfig(string folder)
    {
        if (!Directory.Exists(folder))
            throw new ModelFormatException($"{folder}: no such folder; expected one with {ConfigName} and weights");
        return ModelConfigFile.Open(Path.Combine(folder, ConfigName));
    }

    /// <summary>Opens the first of <see cref="Candidates"/> that exists.</summary>
    /// <exception cref="ModelFormatException">There are no weights, or only a pickle.</exception>
    public static ITensorSource OpenWeights(string folder, string stem)
    {
        foreach (var path in Candidates(folder, stem))
        {
            if (Directory.Exists(path))
                throw new ModelFormatException($"{path}: expected a file, found a folder");
            if (File.Exists(path))
                return path.EndsWith(".json", StringComparison.Ordinal) ? ShardedSafetensors.Open(path) : SafetensorsFile.Open(path);
        }

        var pickle = Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).FirstOrDefault(ForeignFormat.HasPickleExtension);
        throw new ModelFormatException(pickle is null
            ? $"{folder}: expected weights in {stem}.safetensors or {stem}.safetensors.index.json, found neither"
            : $"{pickle}: {ForeignFormat.PickleRefusal}");
    }

    /// <summary>Returns where weights may be, in the order in which they are looked for. Libraries name the index of a variant in two ways.</summary>
    public static IEnumerable<string> Candidates(string folder, string stem) =>
        new[] { ".safetensors", ".safetensors.index.json", ".fp16.safetensors", ".fp16.safetensors.index.json", ".safetensors.index.fp16.json" }
            .Select(ending => Path.Combine(folder, stem + ending));

    /// <summary>Writes configuration and weights of a network.</summary>
    /// <param name="dtype">The type to store; null keeps the parameters' own.</param>
    public static void Save(string folder, string stem, JsonObject config, nn.Module network, ScalarType? dtype)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, ConfigName);
        File.WriteAllText(path + ".tmp", config.ToJsonString(Indented) + "\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        File.Move(path + ".tmp", path, overwrite: true);
        SafetensorsWriter.Write(
            Path.Combine(folder, stem + ".safetensors"),
            network.named_parameters().Select(p => (p.name, (Tensor)p.parameter)),
            new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" },
            dtype);
    }

    public static JsonArray ToJson(IEnumerable<int> values) => new([.. values.Select(v => JsonValue.Create(v))]);

    public static JsonArray ToJson(IEnumerable<string> values) => new([.. values.Select(v => JsonValue.Create(v))]);
}
