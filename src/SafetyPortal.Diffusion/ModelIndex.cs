using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafetyPortal.Diffusion;

/// <summary><c>model_index.json</c> of a diffusers folder: which class each part of the pipeline is.</summary>
internal static class ModelIndex
{
    private const string FileName = "model_index.json";

    private static readonly (string Folder, string Library, string[] Classes)[] Parts =
    [
        ("tokenizer", "transformers", ["CLIPTokenizer", "CLIPTokenizerFast"]),
        ("text_encoder", "transformers", ["CLIPTextModel"]),
        ("unet", "diffusers", ["UNet2DConditionModel"]),
        ("vae", "diffusers", ["AutoencoderKL"]),
        ("scheduler", "diffusers", ["PNDMScheduler", "DDIMScheduler", "EulerDiscreteScheduler", "DPMSolverMultistepScheduler"]),
    ];

    /// <summary>Checks that a folder is a Stable Diffusion pipeline with all its parts.</summary>
    /// <returns>Class name of the scheduler.</returns>
    /// <exception cref="ModelFormatException">Lists everything that is missing or of another class.</exception>
    public static string Check(string directory)
    {
        if (!Directory.Exists(directory))
            throw new ModelFormatException($"{directory}: no such folder; expected a diffusers model");
        var path = Path.Combine(directory, FileName);
        if (!File.Exists(path))
            throw new ModelFormatException($"{directory}: {FileName} is missing; expected a diffusers model of class StableDiffusionPipeline");
        var index = Read(path);
        if (index["_class_name"] is not JsonValue name || !name.TryGetValue<string>(out var pipeline) || pipeline != "StableDiffusionPipeline")
            throw new ModelFormatException($"{path}: _class_name: expected \"StableDiffusionPipeline\", found {Describe(index["_class_name"])}");

        var problems = new List<string>();
        foreach (var (folder, _, classes) in Parts)
        {
            if (!classes.Contains(ClassOf(index[folder])))
                problems.Add($"{folder}: expected class {string.Join(" or ", classes)}, found {Describe(index[folder])}");
            else if (!Directory.Exists(Path.Combine(directory, folder)))
                problems.Add($"{folder}: the folder is missing");
        }

        return problems.Count == 0 ? ClassOf(index["scheduler"])! : throw new ModelFormatException($"{path}: {string.Join("; ", problems)}");
    }

    /// <summary>Writes the index of a complete pipeline.</summary>
    public static void Write(string directory, string scheduler)
    {
        var index = new JsonObject { ["_class_name"] = "StableDiffusionPipeline", ["_diffusers_version"] = "0.30.3" };
        foreach (var (folder, library, classes) in Parts)
            index[folder] = new JsonArray(library, folder == "scheduler" ? scheduler : classes[0]);
        index["safety_checker"] = new JsonArray(null, null);
        index["feature_extractor"] = new JsonArray(null, null);
        index["requires_safety_checker"] = false;
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, FileName), index.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
    }

    private static JsonObject Read(string path)
    {
        if (new FileInfo(path).Length > 1 << 20)
            throw new ModelFormatException($"{path}: larger than 1 MiB");
        try
        {
            return JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw new ModelFormatException($"{path}: expected a JSON object");
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new ModelFormatException($"{path}: not JSON: {e.Message}", e);
        }
    }

    // A part is written ["library", "Class"].
    private static string? ClassOf(JsonNode? part)
        => part is JsonArray { Count: 2 } pair && pair[1] is JsonValue value && value.TryGetValue<string>(out var name) ? name : null;

    private static string Describe(JsonNode? node)
    {
        var text = node?.ToJsonString() ?? "nothing";
        return text.Length <= 80 ? text : text[..80] + "...";
    }
}
