using System.Text.Json;
using System.Text.Json.Nodes;
using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Clip;

namespace SafetyPortal.Diffusion;

/// <summary><c>model_index.json</c> of a diffusers folder: the classes of the pipeline and its parts.</summary>
/// <param name="PipelineClass">One of <see cref="Classes"/>.</param>
/// <param name="SchedulerClass">Class name of the scheduler.</param>
/// <param name="ForceZerosForEmptyPrompt">The empty prompt is all zeros instead of what the text encoders make of it.</param>
internal sealed record ModelIndex(string PipelineClass, string SchedulerClass, bool ForceZerosForEmptyPrompt = false)
{
    public const string FileName = "model_index.json";
    public const string StableDiffusion = "StableDiffusionPipeline";
    public const string StableDiffusionXl = "StableDiffusionXLPipeline";

    private static readonly string[] Tokenizers = ["CLIPTokenizer", "CLIPTokenizerFast"];

    private static readonly (string Folder, string Library, string[] Classes)[] Shared =
    [
        ("tokenizer", "transformers", Tokenizers),
        ("text_encoder", "transformers", [ClipTextConfig.PlainClass]),
        ("unet", "diffusers", ["UNet2DConditionModel"]),
        ("vae", "diffusers", ["AutoencoderKL"]),
        ("scheduler", "diffusers", ["PNDMScheduler", "DDIMScheduler", "EulerDiscreteScheduler", "DPMSolverMultistepScheduler"]),
    ];

    private static readonly (string Folder, string Library, string[] Classes)[] XlOnly =
    [
        ("tokenizer_2", "transformers", Tokenizers),
        ("text_encoder_2", "transformers", [ClipTextConfig.ProjectionClass]),
    ];

    /// <summary>Pipelines that can be loaded.</summary>
    public static IReadOnlyList<string> Classes { get; } = [StableDiffusion, StableDiffusionXl];

    public bool IsXl => PipelineClass == StableDiffusionXl;

    /// <summary>Folders of the parts this pipeline has.</summary>
    public IReadOnlyList<string> Folders => [.. PartsOf(PipelineClass).Select(p => p.Folder)];

    /// <summary>Checks that a folder is a Stable Diffusion pipeline with all its parts.</summary>
    /// <exception cref="ModelFormatException">Lists everything that is missing or of another class.</exception>
    public static ModelIndex Check(string directory)
    {
        var index = Read(directory, out var problems);
        return problems.Count == 0
            ? index
            : throw new ModelFormatException($"{Path.Combine(directory, FileName)}: {string.Join("; ", problems)}");
    }

    /// <summary>Reads the index of a folder, which may lack parts.</summary>
    /// <param name="problems">Parts that are missing or of another class.</param>
    /// <exception cref="ModelFormatException">There is no index, or it names a pipeline that cannot be loaded.</exception>
    public static ModelIndex Read(string directory, out IReadOnlyList<string> problems)
    {
        if (!Directory.Exists(directory))
            throw new ModelFormatException($"{directory}: no such folder; expected a diffusers model");
        var path = Path.Combine(directory, FileName);
        if (!File.Exists(path))
            throw new ModelFormatException($"{directory}: {FileName} is missing; expected a diffusers model of class {string.Join(" or ", Classes)}");
        var index = ModelConfigFile.Open(path).Root;
        var pipeline = Find(index, "_class_name") is { ValueKind: JsonValueKind.String } name ? name.GetString()! : "";
        if (!Classes.Contains(pipeline, StringComparer.Ordinal))
        {
            var expected = string.Join(" or ", Classes.Select(c => $"\"{c}\""));
            throw new ModelFormatException($"{path}: _class_name: expected {expected}, found {Describe(index, "_class_name")}");
        }

        var found = new List<string>();
        foreach (var (folder, _, classes) in PartsOf(pipeline))
        {
            if (!classes.Contains(ClassOf(index, folder)))
                found.Add($"{folder}: expected class {string.Join(" or ", classes)}, found {Describe(index, folder)}");
            else if (File.Exists(Path.Combine(directory, folder)))
                found.Add($"{folder}: expected a folder, found a file");
            else if (!Directory.Exists(Path.Combine(directory, folder)))
                found.Add($"{folder}: the folder is missing");
        }

        problems = found;
        // diffusers' XL pipeline forces zeros by default.
        var forcesZeros = !index.TryGetProperty("force_zeros_for_empty_prompt", out var flag) || flag.ValueKind == JsonValueKind.True;
        return new ModelIndex(pipeline, ClassOf(index, "scheduler") ?? "", pipeline == StableDiffusionXl && forcesZeros);
    }

    /// <summary>Writes the index of a complete pipeline.</summary>
    public void Write(string directory)
    {
        var index = new JsonObject { ["_class_name"] = PipelineClass, ["_diffusers_version"] = "0.30.3" };
        foreach (var (folder, library, classes) in PartsOf(PipelineClass))
            index[folder] = new JsonArray(library, folder == "scheduler" ? SchedulerClass : classes[0]);
        if (IsXl)
        {
            index["force_zeros_for_empty_prompt"] = ForceZerosForEmptyPrompt;
        }
        else
        {
            index["safety_checker"] = new JsonArray(null, null);
            index["feature_extractor"] = new JsonArray(null, null);
            index["requires_safety_checker"] = false;
        }

        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, FileName), index.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
    }

    private static IEnumerable<(string Folder, string Library, string[] Classes)> PartsOf(string pipeline) =>
        pipeline == StableDiffusionXl ? Shared.Concat(XlOnly) : Shared;

    private static JsonElement? Find(JsonElement index, string key) => index.TryGetProperty(key, out var value) ? value : null;

    // A part is written ["library", "Class"].
    private static string? ClassOf(JsonElement index, string part) =>
        Find(index, part) is { ValueKind: JsonValueKind.Array } pair && pair.GetArrayLength() == 2 && pair[1] is { ValueKind: JsonValueKind.String } name
            ? name.GetString()
            : null;

    private static string Describe(JsonElement index, string key) => Find(index, key) is { } value ? StrictJson.Describe(value) : "nothing";
}
