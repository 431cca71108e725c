using SafetyPortal.Diffusion.Vae;
using SafetyPortal.Lab.DemoWorld.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Stages;

/// <summary>
/// Trains the autoencoder in two phases: both halves regress to and from linear latents, then jointly with a small KL term.
/// </summary>
public static class AutoencoderStage
{
    public const string Name = "vae";
    private const int Batch = 8;
    private const double LinearShare = 0.12;
    private const double KlWeight = 1e-4;

    public static TrainingResult Train(StageContext context, TrainingSettings settings, CancellationToken cancel)
    {
        using var linear = LinearLatents.Fit(context.Pictures, 4);
        var switchAt = (long)(settings.Steps * LinearShare);
        return new TrainingLoop<AutoencoderKL>(settings with { LearningRate = 3e-3, WeightDecay = 1e-4, AverageDecay = 0.99, FlatShare = 0.5 }).Run(
            () => Build(context.Recipe),
            (model, batch) => batch.Step < switchAt ? LinearLoss(context, linear, model, batch) : JointLoss(context, model, batch),
            context.Report,
            null,
            cancel);
    }

    /// <summary>Random weights, the residual branches at a tenth: a deep stack then starts near the identity.</summary>
    public static AutoencoderKL Build(DemoRecipe recipe, double scalingFactor = 1)
    {
        var model = new AutoencoderKL(recipe.Vae(scalingFactor));
        using var guard = no_grad();
        foreach (var (name, parameter) in model.named_parameters())
        {
            if (name.Contains(".conv2.", StringComparison.Ordinal) || name.Contains(".to_out.", StringComparison.Ordinal))
                parameter.mul_(0.1);
        }

        return model;
    }

    /// <summary>The trained autoencoder, averaged weights, float32.</summary>
    public static AutoencoderKL Load(StageContext context, double scalingFactor = 1) => context.Trained(Name, Build(context.Recipe, scalingFactor));

    /// <summary>PSNR in dB (peak 1) of the mean squared error over 256 held-out pictures.</summary>
    public static double Psnr(StageContext context, AutoencoderKL model)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var total = 0.0;
        var count = Math.Min(256, context.HeldOut.Count);
        for (var first = 0; first < count; first += 32)
        {
            using var inner = NewDisposeScope();
            var batch = context.HeldOut.Range(first, Math.Min(32, count - first));
            var error = (model.call(batch).clamp(-1, 1) - batch) * 0.5;
            total += error.pow(2).mean().ToDouble() * batch.shape[0];
        }

        return -10 * Math.Log10(total / count);
    }

    private static Tensor Pictures(StageContext context, MicroBatch batch)
    {
        var random = batch.Random();
        return context.Pictures.Batch(context.DrawPictures(ref random, Batch));
    }

    private static Tensor LinearLoss(StageContext context, LinearLatents linear, AutoencoderKL model, MicroBatch batch)
    {
        var x = Pictures(context, batch);
        var z = linear.Encode(x); // [B, 4, 16, 16]
        var encoded = model.encode(x.to(context.Compute));
        var noisy = z + batch.Noise(z.shape) * 0.03;
        return Reconstruction(model.decode(noisy.to(context.Compute)), x)
            + (encoded.Mean.to(ScalarType.Float32) - z).pow(2).mean()
            + (encoded.LogVariance.to(ScalarType.Float32) + 6).pow(2).mean();
    }

    private static Tensor JointLoss(StageContext context, AutoencoderKL model, MicroBatch batch)
    {
        var x = Pictures(context, batch);
        var encoded = model.encode(x.to(context.Compute));
        var mean = encoded.Mean.to(ScalarType.Float32);
        var logVariance = encoded.LogVariance.to(ScalarType.Float32);
        var z = mean + (logVariance * 0.5).exp() * batch.Noise(mean.shape);
        var kl = (mean.pow(2) + logVariance.exp() - 1 - logVariance).mean() * 0.5;
        return Reconstruction(model.decode(z.to(context.Compute)), x) + kl * KlWeight;
    }

    internal static Tensor Reconstruction(Tensor decoded, Tensor pictures)
    {
        var error = decoded.to(ScalarType.Float32) - pictures;
        return error.abs().mean() + error.pow(2).mean();
    }
}
