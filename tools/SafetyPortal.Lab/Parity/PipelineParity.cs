using System.Text.Json;
using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Images;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>06_pipeline: text to latents to image, every run of the folder, against diffusers' StableDiffusionPipeline.</summary>
internal static class PipelineParity
{
    private const double LatentTolerance = 2e-3;
    private const double ImageTolerance = 2e-3;
    private const double EmbeddingTolerance = 5e-5;

    // 2e-3 of 255 is half a level, so a rounded pixel may differ by one.
    private const double PixelTolerance = 1;

    // Runs without every step keep those after steps 4, 8, 12, ...
    private const int Sparse = 4;

    public static void Check(GoldenItem item)
    {
        using var pipeline = StableDiffusionPipeline.Load(item.At("pipeline"));
        var file = item.Json("runs.json");
        List<string> prompts = [.. file.GetProperty("prompts").EnumerateArray().Select(p => p.GetString()!)];
        List<JsonProperty> runs = [.. file.GetProperty("runs").EnumerateObject()];
        using (NewDisposeScope())
        {
            CheckPrompts("prompts", prompts, pipeline, item);
            CheckPrompts("empty", [""], pipeline, item);
            if (runs.Select(NegativeOf).FirstOrDefault(n => n.Length > 0) is { } negative)
                CheckPrompts("negative", [negative], pipeline, item);
        }

        foreach (var run in runs)
        {
            using var scope = NewDisposeScope();
            CheckRun(run, prompts, pipeline, item);
        }
    }

    private static void CheckPrompts(string name, List<string> prompts, StableDiffusionPipeline pipeline, GoldenItem item)
    {
        if (item.Has($"input_ids_{name}"))
        {
            var ids = item.Read($"input_ids_{name}").data<long>().ToArray();
            item.Exact($"input_ids_{name}", [.. prompts.SelectMany(p => pipeline.Tokenizer.EncodePadded(p))], ids);
        }

        item.IfAny($"text_embeddings_{name}", () => pipeline.EncodePrompts(prompts), item.Largest, EmbeddingTolerance);
    }

    private static void CheckRun(JsonProperty run, List<string> prompts, StableDiffusionPipeline loaded, GoldenItem item)
    {
        var className = run.Value.GetProperty("scheduler").GetString()!;
        var config = run.Value.TryGetProperty("scheduler_config", out var given) ? SchedulerConfig.Parse(given.GetRawText()) : loaded.SchedulerConfig;
        // Shares the networks of the loaded pipeline, which owns them.
        var pipeline = new StableDiffusionPipeline(loaded.Tokenizer, loaded.TextEncoder, loaded.Unet, loaded.Vae, config with { ClassName = className });
        var settings = new GenerationSettings
        {
            Prompts = prompts,
            Seeds = [.. prompts.Select((_, i) => (long)i)],
            NegativePrompts = [NegativeOf(run)],
            Steps = run.Value.GetProperty("num_inference_steps").GetInt32(),
            GuidanceScale = PythonJson.AsDouble(run.Value.GetProperty("guidance_scale")),
        };
        CheckTimesteps(run, config.CreateScheduler(className), settings.Steps, item);

        var every = Find($"{run.Name}.latents_per_step");
        var sparse = Find($"{run.Name}.latents_every_4th_step");
        var latents = pipeline.Denoise(settings, item.Read(run.Value.GetProperty("latents").GetString()!), (i, latent) =>
        {
            if (every is not null)
                item.Largest($"{run.Name} step {i + 1}", latent, every[i], LatentTolerance);
            if (sparse is not null && i % Sparse == Sparse - 1)
                item.Largest($"{run.Name} step {i + 1}", latent, sparse[i / Sparse], LatentTolerance);
        });
        item.Largest($"{run.Name}.final_latents", latents, LatentTolerance);
        item.IfAny($"{run.Name}.image01", () => pipeline.DecodeToUnit(latents.narrow(0, 0, 1)), item.Largest, ImageTolerance);
        CheckPictures(run.Name, prompts.Count, pipeline, latents, item);

        Tensor? Find(string name) => item.Has(name) ? item.Read(name) : null;
    }

    private static void CheckTimesteps(JsonProperty run, IScheduler scheduler, int steps, GoldenItem item)
    {
        using var history = scheduler as IDisposable;
        scheduler.SetTimesteps(steps);
        if (run.Value.TryGetProperty("timesteps", out var timesteps))
            item.Exact($"{run.Name}.timesteps", scheduler.Timesteps, [.. timesteps.EnumerateArray().Select(t => PythonJson.AsDouble(t))]);
    }

    private static void CheckPictures(string run, int count, StableDiffusionPipeline pipeline, Tensor latents, GoldenItem item)
    {
        foreach (var i in Enumerable.Range(0, count).Where(i => File.Exists(item.Here($"{run}_{i}.png"))))
        {
            var name = $"{run}_{i}.png";
            var image = pipeline.Decode(latents.narrow(0, i, 1))[0];
            var expected = ImageCodec.Decode(File.ReadAllBytes(item.Here(name)), ImageLimits.Default);
            if ((expected.Width, expected.Height) != (image.Width, image.Height))
                item.Fail(name, $"expected {expected.Width} x {expected.Height} pixels, got {image.Width} x {image.Height}");
            else
                item.Add(name, expected.Pixels.Zip(image.Pixels, (a, b) => Math.Abs(a - b)).Max(), PixelTolerance);
        }
    }

    private static string NegativeOf(JsonProperty run) => run.Value.TryGetProperty("negative_prompt", out var text) ? text.GetString() ?? "" : "";
}
