using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Diffusion.Tokenizer;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Diffusion.Vae;

namespace SafetyPortal.Diffusion.Inspection;

/// <summary>
/// Reads a model folder to the end and reports all problems at once, where loading stops at the first. Memory holds one tensor at a time.
/// </summary>
public sealed class ModelFolderInspection
{
    private readonly string directory;
    private readonly CancellationToken cancellation;
    private readonly List<string> problems = [];
    private readonly List<ModelPartReport> parts = [];

    private ModelFolderInspection(string directory, CancellationToken cancellation) => (this.directory, this.cancellation) = (directory, cancellation);

    /// <param name="directory">The folder that holds <c>model_index.json</c>.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static ModelFolderReport Inspect(string directory, CancellationToken cancellation = default)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        if (!Directory.Exists(full))
            throw new DirectoryNotFoundException($"Expected a model folder at {full}, there is none.");
        return new ModelFolderInspection(full, cancellation).Inspect();
    }

    private ModelFolderReport Inspect()
    {
        // 1. What should be there.
        problems.AddRange(Try(() => FolderBoundary.Problems(directory, ["."])) ?? []);
        var outside = problems.Count > 0;
        var index = Try(() =>
        {
            var read = ModelIndex.Read(directory, out var found);
            problems.AddRange(found.Select(p => $"{ModelIndex.FileName}: {p}"));
            return read;
        });

        // A link that leads out of the folder is not followed, not even to report its target.
        var assumed = index ?? new ModelIndex(Has("text_encoder_2") ? ModelIndex.StableDiffusionXl : ModelIndex.StableDiffusion, "");
        var architecture = outside ? null : InspectParts(assumed);

        // 2. What is there.
        var contents = outside ? new FolderContents([], []) : FolderContents.Of(directory, cancellation);
        List<string> notes = [.. contents.Unread(parts.Select(p => p.Source))];
        return new ModelFolderReport(directory, index?.PipelineClass, architecture, parts, contents.Files, contents.Pickles, problems, notes);
    }

    private string? InspectParts(ModelIndex index)
    {
        var known = index.SchedulerClass.Length > 0 ? index : index with { SchedulerClass = "DDIMScheduler" };
        var scheduler = Has("scheduler") ? Try(() => PipelineConfigs.ReadScheduler(directory, known), "scheduler") : null;
        var tokenizer = Tokenizer("tokenizer");
        var tokenizer2 = index.IsXl ? Tokenizer("tokenizer_2") : null;
        var text = TextEncoder("text_encoder");
        var text2 = index.IsXl ? TextEncoder("text_encoder_2") : null;
        const string Stem = CheckpointFolder.DiffusersStem;
        var unet = Network("unet", Stem, () => PipelineConfigs.ReadUnet(directory), UNet2DConditionModel.ParameterShapes, null);
        var vae = Network("vae", Stem, () => PipelineConfigs.ReadVae(directory), AutoencoderKL.ParameterShapes, AutoencoderKL.ModernName);

        var complete = !index.IsXl || (tokenizer2 is not null && text2 is not null);
        if (complete && tokenizer is not null && text is not null && unet is not null && vae is not null)
            problems.AddRange(new PipelineConfigs(tokenizer, text, tokenizer2, text2, unet, vae).Problems());
        return unet is null ? null : Architecture(unet, scheduler);
    }

    private ClipTokenizer? Tokenizer(string part) => Has(part) ? Try(() => ClipTokenizer.Load(Path.Combine(directory, part)), part) : null;

    private ClipTextConfig? TextEncoder(string part) => Network(
        part, CheckpointFolder.TransformersStem, () => PipelineConfigs.ReadText(directory, part), ClipTextModel.ParameterShapes, ClipCheckpoint.TextName);

    private TConfig? Network<TConfig>(
        string part, string stem, Func<TConfig> read, Func<TConfig, IReadOnlyList<ParameterShape>> shapes, Func<string, string?>? rename)
        where TConfig : class
    {
        if (!Has(part))
            return null;
        var config = Try(read);
        var report = Try(() => PartWeights.Inspect(directory, part, stem, config is null ? null : shapes(config), rename, cancellation));
        parts.Add(report ?? new ModelPartReport(part, null, 0, new Dictionary<string, long>(StringComparer.Ordinal), [], [], [], []));
        if (report is not null)
            problems.AddRange(PartWeights.Problems(report));
        return config;
    }

    private bool Has(string part) => Directory.Exists(Path.Combine(directory, part));

    // Turns what reading a foreign folder throws into a problem of that folder.
    private T? Try<T>(Func<T> read, string? part = null)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is ModelFormatException or IOException or UnauthorizedAccessException)
        {
            var message = e.Message
                .Replace(directory + Path.DirectorySeparatorChar, "", StringComparison.Ordinal).Replace(directory + ": ", "", StringComparison.Ordinal);
            problems.Add(part is null || message.StartsWith(part + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? message : $"{part}/{message}");
            return null;
        }
    }

    private static string Architecture(UNetConfig unet, SchedulerConfig? scheduler)
    {
        static string Sizes(UNetConfig config) => (config with { SampleSize = 1, UpcastAttention = false }).ToJson().ToJsonString();
        var sizes = Sizes(unet);
        var name = sizes == Sizes(UNetConfig.Sd14) ? "Stable Diffusion 1.x"
            : sizes == Sizes(UNetConfig.Sd21) ? "Stable Diffusion 2.x"
            : sizes == Sizes(UNetConfig.Sdxl) ? "Stable Diffusion XL"
            : $"sizes of its own, built like Stable Diffusion {(unet.Added is not null ? "XL" : unet.UseLinearProjection ? "2.x" : "1.x")}";
        return scheduler is null ? name : $"{name}, {scheduler.PredictionType}";
    }
}
