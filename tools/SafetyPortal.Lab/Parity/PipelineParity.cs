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

    public static void Check(GoldenSet set, ItemChecks checks)
    {
        using var golden = set.Tensors("06_pipeline");
        using var pipeline = StableDiffusionPipeline.Load(set.At("pipeline"));
        var runs = set.Json("06_pipeline", "runs.json");
        List<string> prompts = [.. runs.GetProperty("prompts").EnumerateArray().Select(p => p.GetString()!)];
        using (NewDisposeScope())
            CheckPrompts(prompts, runs, pipeline, golden, checks);
        foreach (var run in runs.GetProperty("runs").EnumerateObject())
        {
            using var scope = NewDisposeScope();
            CheckRun(run, prompts, pipeline, set, golden, checks);
        }

        checks.Unchecked(golden.Unread);
    }

    private static void CheckPrompts(List<string> prompts, JsonElement runs, StableDiffusionPipeline pipeline, GoldenTensors golden, ItemChecks checks)
    {
        var negative = runs.GetProperty("runs").EnumerateObject().Select(NegativeOf).FirstOrDefault(n => n.Length > 0);
        foreach (var (name, texts) in new[] { ("prompts", prompts), ("empty", [""]), ("negative", negative is null ? [] : [negative]) })
        {
            if (texts.Count == 0)
                continue;
            if (golden.Has($"input_ids_{name}"))
                checks.Exact($"input_ids_{name}", [.. texts.SelectMany(t => pipeline.Tokenizer.EncodePadded(t))], golden.Read($"input_ids_{name}").data<long>().ToArray());
            if (golden.Has($"text_embeddings_{name}"))
                checks.Largest($"text_embeddings_{name}", pipeline.EncodePrompts(texts), golden.Read($"text_embeddings_{name}"), EmbeddingTolerance);
        }
    }

    private static void CheckRun(JsonProperty run, List<string> prompts, StableDiffusionPipeline loaded, GoldenSet set, GoldenTensors golden, ItemChecks checks)
    {
        var className = run.Value.GetProperty("scheduler").GetString()!;
        var config = run.Value.TryGetProperty("scheduler_config", out var given) ? SchedulerConfig.Parse(given.GetRawText()) : loaded.SchedulerConfig;
        // Shares the networks of the loaded pipeline, which owns them.
        var pipeline = new StableDiffusionPipeline(loaded.Tokenizer, loaded.TextEncoder, loaded.Unet, loaded.Vae, config with { ClassName = className });
        var steps = run.Value.GetProperty("num_inference_steps").GetInt32();
        CheckTimesteps(run, config.CreateScheduler(className), steps, checks);

        var settings = new GenerationSettings
        {
            Prompts = prompts,
            Seeds = [.. prompts.Select((_, i) => (long)i)],
            NegativePrompts = [NegativeOf(run)],
            Steps = steps,
            GuidanceScale = PythonJson.AsDouble(run.Value.GetProperty("guidance_scale")),
        };
        var every = golden.Has($"{run.Name}.latents_per_step") ? golden.Read($"{run.Name}.latents_per_step") : null;
        var sparse = golden.Has($"{run.Name}.latents_every_4th_step") ? golden.Read($"{run.Name}.latents_every_4th_step") : null;
        var latents = pipeline.Denoise(settings, golden.Read(run.Value.GetProperty("latents").GetString()!), (i, latent) =>
        {
            if (every is not null)
                checks.Largest($"{run.Name} step {i + 1}", latent, every[i], LatentTolerance);
            if (sparse is not null && i % Sparse == Sparse - 1)
                checks.Largest($"{run.Name} step {i + 1}", latent, sparse[i / Sparse], LatentTolerance);
        });
        checks.Largest($"{run.Name}.final_latents", latents, golden.Read($"{run.Name}.final_latents"), LatentTolerance);
        if (golden.Has($"{run.Name}.image01"))
            checks.Largest($"{run.Name}.image01", pipeline.DecodeToUnit(latents.narrow(0, 0, 1)), golden.Read($"{run.Name}.image01"), ImageTolerance);
        CheckPictures(run.Name, prompts.Count, pipeline, latents, set, checks);
    }

    private static void CheckTimesteps(JsonProperty run, IScheduler scheduler, int steps, ItemChecks checks)
    {
        using var history = scheduler as IDisposable;
        scheduler.SetTimesteps(steps);
        if (run.Value.TryGetProperty("timesteps", out var timesteps))
            checks.Exact($"{run.Name}.timesteps", scheduler.Timesteps, [.. timesteps.EnumerateArray().Select(t => PythonJson.AsDouble(t))]);
    }

    private static void CheckPictures(string run, int count, StableDiffusionPipeline pipeline, Tensor latents, GoldenSet set, ItemChecks checks)
    {
        List<int> kept = [.. Enumerable.Range(0, count).Where(i => set.Has("06_pipeline", $"{run}_{i}.png"))];
        if (kept.Count == 0)
            return;
        var images = pipeline.Decode(latents);
        foreach (var i in kept)
        {
            var name = $"{run}_{i}.png";
            var expected = ImageCodec.Decode(File.ReadAllBytes(set.At("06_pipeline", name)), ImageLimits.Default);
            if ((expected.Width, expected.Height) != (images[i].Width, images[i].Height))
                checks.Fail(name, $"expected {expected.Width} x {expected.Height} pixels, got {images[i].Width} x {images[i].Height}");
            else
                checks.Add(name, expected.Pixels.Zip(images[i].Pixels, (a, b) => Math.Abs(a - b)).Max(), PixelTolerance);
        }
    }

    private static string NegativeOf(JsonProperty run) => run.Value.TryGetProperty("negative_prompt", out var text) ? text.GetString() ?? "" : "";
}
