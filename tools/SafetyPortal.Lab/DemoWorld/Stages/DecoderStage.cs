using SafetyPortal.Diffusion.Vae;
using SafetyPortal.Lab.DemoWorld.Training;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Stages;

/// <summary>
/// Goes on training the decoder alone once the noise predictor depends on the encoder: latents stay what they are, pictures get
/// sharper. A little noise on the latents prepares the decoder for generated ones.
/// </summary>
public static class DecoderStage
{
    public const string Name = "decoder";
    private const int Batch = 8;
    private const double LatentNoise = 0.05;

    public static TrainingSettings Settings(StageContext context, long steps, long seed, TimeSpan? budget) => new()
    {
        Name = Name,
        WorkDirectory = context.WorkDirectory,
        Parents = TrainingCheckpoint.Digests(context.WorkDirectory, AutoencoderStage.Name),
        Steps = steps,
        TimeBudget = budget,
        LearningRate = 2e-3,
        WeightDecay = 1e-4,
        AverageDecay = 0.99,
        FlatShare = 0.3,
        Seed = seed,
        Threads = context.Threads,
        Compute = context.Compute,
    };

    /// <summary>Starts from the autoencoder as its own stage left it.</summary>
    public static TrainingResult Train(StageContext context, TrainingSettings settings, CancellationToken cancel)
    {
        using var latents = LatentSet.Prepare(context);
        return new TrainingLoop<AutoencoderKL>(settings, context.Clock).Run(
            () => AutoencoderStage.Load(context),
            (model, batch) => Loss(context, latents, model, batch),
            context.Report,
            null,
            cancel);
    }

    /// <summary>The autoencoder with the sharpest decoder there is, averaged weights, float32.</summary>
    /// <param name="context">The work folder.</param>
    /// <param name="scalingFactor">Written to its configuration.</param>
    public static AutoencoderKL LoadBest(StageContext context, double scalingFactor = 1)
    {
        var model = AutoencoderStage.Load(context, scalingFactor);
        if (!File.Exists(Path.Combine(context.WorkDirectory, Name + ".checkpoint.safetensors")))
            return model;

        // Encoder and quant_conv get no gradient here, but weight decay would move them: they keep the weights the latents came from.
        var refined = AutoencoderStage.Build(context.Recipe);
        var (average, _) = TrainingCheckpoint.ReadAverage(context.WorkDirectory, Name);
        using (average)
        using (refined)
        {
            FlatParameters.Scatter(refined, average);
            var source = refined.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
            using var guard = no_grad();
            foreach (var (name, parameter) in model.named_parameters())
            {
                if (name.StartsWith("decoder.", StringComparison.Ordinal) || name.StartsWith("post_quant_conv.", StringComparison.Ordinal))
                    parameter.copy_(source[name]);
            }
        }

        return model;
    }

    private static Tensor Loss(StageContext context, LatentSet latents, AutoencoderKL model, MicroBatch batch)
    {
        var random = batch.Random();
        var indices = new long[Batch];
        for (var i = 0; i < Batch; i++)
            indices[i] = random.Index(context.Pictures.Count);
        var z = latents.Batch(indices);
        var noisy = (z + batch.Noise(z.shape) * LatentNoise) / latents.ScalingFactor;
        var decoded = model.decode(noisy.to(model.parameters().First().dtype)).to(ScalarType.Float32);
        var error = decoded - context.Pictures.Batch(indices);
        return error.abs().mean() + error.pow(2).mean();
    }
}
