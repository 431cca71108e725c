using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SafetyPortal.Diffusion.Safetensors;

namespace SafetyPortal.Diffusion.Checkpoints;

/// <summary>One part of a model on disk: <c>config.json</c> and its weights.</summary>
internal static class CheckpointFolder
{
    public const string ConfigName = "config.json";

    /// <summary>File stem diffusers uses for networks of its own.</summary>
    public const string DiffusersStem = "diffusion_pytorch_model";

    /// <summary>File stem transformers uses.</summary>
    public const string TransformersStem = "model";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static ModelConfigFile OpenConfig(string folder)
    {
        var path = Path.Combine(folder, ConfigName);
        if (!Directory.Exists(folder))
            throw new ModelFormatException($"{folder}: no such folder; expected one with {ConfigName} and weights");
        return ModelConfigFile.Open(path);
    }

    /// <summary>
    /// Finds the weights: the plain file, then the index of a sharded one, then the fp16 variant.
    /// </summary>
    /// <exception cref="ModelFormatException">There are none, or only a pickle.</exception>
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
        throw pickle is null
            ? new ModelFormatException($"{folder}: expected weights in {stem}.safetensors or {stem}.safetensors.index.json, found neither")
            : new SafetensorsException(pickle, ForeignFormat.PickleRefusal);
    }

    /// <summary>Where weights may be, in the order in which they are looked for.</summary>
    public static IEnumerable<string> Candidates(string folder, string stem)
    {
        foreach (var variant in new[] { stem, stem + ".fp16" })
        {
            yield return Path.Combine(folder, variant + ".safetensors");
            foreach (var index in Indices(folder, stem, variant))
                yield return index;
        }
    }

    // Libraries disagree on where the variant's name goes.
    private static IEnumerable<string> Indices(string folder, string stem, string variant)
    {
        yield return Path.Combine(folder, variant + ".safetensors.index.json");
        if (variant != stem)
            yield return Path.Combine(folder, $"{stem}.safetensors.index{variant[stem.Length..]}.json");
    }

    public static void SaveConfig(string folder, JsonObject config)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, ConfigName);
        File.WriteAllText(path + ".tmp", config.ToJsonString(Indented) + "\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        File.Move(path + ".tmp", path, overwrite: true);
    }

    public static JsonArray ToJson(IEnumerable<int> values) => new([.. values.Select(v => JsonValue.Create(v))]);

    public static JsonArray ToJson(IEnumerable<string> values) => new([.. values.Select(v => JsonValue.Create(v))]);
}
