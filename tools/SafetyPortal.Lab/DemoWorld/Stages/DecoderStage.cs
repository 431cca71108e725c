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

    /// <summary>Starts from the autoencoder as its own stage left it.</summary>
    public static TrainingResult Train(StageContext context, TrainingSettings settings, CancellationToken cancel)
    {
        settings = settings with
        {
            Parents = TrainingCheckpoint.Digests(context.WorkDirectory, AutoencoderStage.Name),
            LearningRate = 2e-3,
            WeightDecay = 1e-4,
            AverageDecay = 0.99,
            FlatShare = 0.3,
        };
        using var latents = LatentSet.Prepare(context);
        return new TrainingLoop<AutoencoderKL>(settings).Run(
            () => AutoencoderStage.Load(context), (model, batch) => Loss(context, latents, model, batch), context.Report, null, cancel);
    }

    /// <summary>The autoencoder with the sharpest decoder there is, averaged weights, float32.</summary>
    /// <param name="context">The work folder.</param>
    /// <param name="scalingFactor">Written to its configuration.</param>
    public static AutoencoderKL LoadBest(StageContext context, double scalingFactor = 1)
    {
        var model = AutoencoderStage.Load(context, scalingFactor);
        if (!TrainingCheckpoint.Exists(context.WorkDirectory, Name))
            return model;

        // Encoder and quant_conv get no gradient here, but weight decay would move them: they keep the weights the latents came from.
        using var refined = context.Trained(Name, AutoencoderStage.Build(context.Recipe));
        var source = refined.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        using var guard = no_grad();
        foreach (var (name, parameter) in model.named_parameters())
        {
            if (name.StartsWith("decoder.", StringComparison.Ordinal) || name.StartsWith("post_quant_conv.", StringComparison.Ordinal))
                parameter.copy_(source[name]);
        }

        return model;
    }

    private static Tensor Loss(StageContext context, LatentSet latents, AutoencoderKL model, MicroBatch batch)
    {
        var random = batch.Random();
        var indices = context.DrawPictures(ref random, Batch);
        var z = latents.Batch(indices);
        var noisy = (z + batch.Noise(z.shape) * LatentNoise) / latents.ScalingFactor;
        return AutoencoderStage.Reconstruction(model.decode(noisy.to(context.Compute)), context.Pictures.Batch(indices));
    }
}
