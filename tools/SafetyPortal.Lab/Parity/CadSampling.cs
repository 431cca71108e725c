using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Diffusion.Unet;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>
/// Finds how a recording of the published CAD code was sampled. It holds neither the number of DDIM steps nor the guidance. The timesteps leave few
/// step counts open. A step is linear in the guidance, so the latent after the first step gives both. The later latents then check them.
/// </summary>
internal static class CadSampling
{
    // The published code's guidance and number of steps.
    private const double Guidance = 3;
    private const int Steps = 50;

    // A fitted guidance this near to the published one is taken for it; any other is rounded to this many decimals.
    private const double Near = 0.05;
    private const int Decimals = 2;

    /// <summary>Returns a scheduler with its timesteps set, and the guidance.</summary>
    /// <param name="timesteps">The first timesteps of the recording, or all of them.</param>
    /// <param name="noise">[1, C, h, w] that the first recorded latent was made from.</param>
    /// <param name="first">[1, C, h, w], that latent: one guided step from the noise.</param>
    /// <param name="conditions">[2, T, D]: unconditional first.</param>
    public static (DdimScheduler Scheduler, double Guidance) Of(
        UNet2DConditionModel unet, SchedulerConfig config, long[] timesteps, Tensor noise, Tensor first, Tensor conditions)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var likely = Likely(config, timesteps);
        var start = likely[0].Timesteps[0];
        var sample = noise * likely[0].InitNoiseSigma;
        var eps = unet.call(cat([sample, sample]), tensor(new[] { (long)start }), conditions); // [2, C, h, w]
        var (unconditional, difference) = (eps.narrow(0, 0, 1), eps.narrow(0, 1, 1) - eps.narrow(0, 0, 1));
        // Of step counts that fit equally well the first is taken: the published one, then the recording's own length.
        var best = likely
            .Select(scheduler => (Scheduler: scheduler, Fit: Fit(first, guidance => scheduler.Step(unconditional + (difference * guidance), start, sample))))
            .MinBy(f => f.Fit.Error);
        return (best.Scheduler, best.Fit.Guidance);
    }

    // Every number of steps whose timesteps begin with the recorded ones. Without any, the distance of the timesteps gives a number, and the
    // comparison of timesteps then fails.
    private static List<DdimScheduler> Likely(SchedulerConfig config, long[] timesteps)
    {
        int[] counts = [Steps, timesteps.Length, .. Enumerable.Range(1, config.NumTrainTimesteps)];
        var likely = counts.Where(count => count >= timesteps.Length && count <= config.NumTrainTimesteps).Distinct()
            .Select(count => Scheduled(config, count)).OfType<DdimScheduler>()
            .Where(scheduler => scheduler.Timesteps.Take(timesteps.Length).SequenceEqual(timesteps.Select(t => (double)t)))
            .ToList();
        if (likely.Count > 0)
            return likely;
        var apart = timesteps.Length > 1 ? Math.Max(1, timesteps[0] - timesteps[1]) : config.NumTrainTimesteps / (long)Steps;
        return [Scheduled(config, (int)Math.Clamp(config.NumTrainTimesteps / Math.Max(1, apart), timesteps.Length, config.NumTrainTimesteps))
            ?? throw new InvalidDataException($"No number of DDIM steps gives the recorded timesteps {string.Join(", ", timesteps.Take(3))} ...")];
    }

    // Null if the configuration has no such schedule.
    private static DdimScheduler? Scheduled(SchedulerConfig config, int steps)
    {
        var scheduler = new DdimScheduler(config);
        try
        {
            scheduler.SetTimesteps(steps);
            return scheduler;
        }
        catch (ModelFormatException)
        {
            return null;
        }
    }

    private static (double Guidance, double Error) Fit(Tensor first, Func<double, Tensor> after)
    {
        using var scope = NewDisposeScope();
        var none = after(0);
        var direction = after(1) - none;
        var square = direction.pow(2).sum().ToDouble();
        var fitted = square > 0 ? ((first - none) * direction).sum().ToDouble() / square : Guidance;
        var guidance = Math.Abs(fitted - Guidance) < Near || !double.IsFinite(fitted) ? Guidance : Math.Round(fitted, Decimals);
        return (guidance, (after(guidance) - first).abs().max().ToDouble());
    }
}
