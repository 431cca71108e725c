using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Lab.DemoWorld.Captions;
using SafetyPortal.Lab.DemoWorld.Training;
using SafetyPortal.Lab.DemoWorld.World;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Stages;

/// <summary>
/// Trains the noise predictor on latents and captions (Ho et al. 2020, algorithm 1), weighted by min-SNR-5
/// (Hang et al. 2023, arXiv 2303.09556, equation 6), a tenth of the captions empty for guidance (Ho and Salimans 2022).
/// </summary>
public static class UnetStage
{
    public const string Name = "unet";
    private const int Batch = 32;
    private const double SnrLimit = 5;

    /// <summary>The noise levels the model is trained and sampled with.</summary>
    public static SchedulerConfig Schedule { get; } = SchedulerConfig.StableDiffusion with { ClassName = "DDIMScheduler" };

    public static TrainingResult Train(StageContext context, TrainingSettings settings, Action? saved, CancellationToken cancel)
    {
        settings = settings with
        {
            Parents = TrainingCheckpoint.Digests(context.WorkDirectory, AutoencoderStage.Name, ClipStage.Name),
            LearningRate = 1e-3,
            WeightDecay = 0.01,
            AverageDecay = 0.997,
            FlatShare = 0.6,
            WarmupSteps = 100,
        };
        using var latents = LatentSet.Prepare(context);
        using var text = ClipStage.LoadTextTower(context);
        var noise = new NoiseSchedule(Schedule);
        return new TrainingLoop<UNet2DConditionModel>(settings).Run(
            () => new UNet2DConditionModel(context.Recipe.Unet()),
            (model, batch) => Loss(context, latents, text, noise, model, batch),
            context.Report,
            saved,
            cancel);
    }

    /// <summary>The trained noise predictor, averaged weights, float32.</summary>
    public static UNet2DConditionModel Load(StageContext context) => context.Trained(Name, new UNet2DConditionModel(context.Recipe.Unet()));

    private static Tensor Loss(
        StageContext context, LatentSet latents, ClipTextModel encoder, NoiseSchedule noise, UNet2DConditionModel model, MicroBatch batch)
    {
        var random = batch.Random();
        var indices = new long[Batch];
        var timesteps = new long[Batch];
        var weights = new float[Batch];
        var captions = new string[Batch];
        for (var i = 0; i < Batch; i++)
        {
            // The scene is drawn again from its number: with the latents at hand the pictures need not be rendered.
            indices[i] = random.Index(context.Recipe.Pictures);
            captions[i] = CaptionWriter.WriteOrDrop(Scene.Draw(context.Recipe.PictureSeed, indices[i]), ref random).Text;

            // Stratified over the micro-batch: every part of the schedule is seen in every step.
            timesteps[i] = (long)((i + random.NextDouble()) / Batch * noise.Count);
            var snr = noise.AlphasCumprod[(int)timesteps[i]] / (1 - noise.AlphasCumprod[(int)timesteps[i]]);
            weights[i] = (float)(Math.Min(snr, SnrLimit) / snr);
        }

        Tensor text;
        using (no_grad())
            text = encoder.call(context.Ids(captions)); // [B, 20, C]
        var clean = latents.Batch(indices); // [B, 4, 16, 16]
        var epsilon = batch.Noise(clean.shape);
        var steps = tensor(timesteps);
        var noisy = noise.AddNoise(clean, epsilon, steps);
        var predicted = model.call(noisy.to(context.Compute), steps, text.to(context.Compute)).to(ScalarType.Float32);
        var error = (predicted - epsilon).pow(2).mean([1L, 2L, 3L]); // [B]
        return (error * tensor(weights)).mean();
    }
}
