using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Attribution;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>07_cad: attribution gradients and ablation masks, against the published CAD code.</summary>
internal static class CadParity
{
    private const double GradientTolerance = 2e-3;
    private const double LatentTolerance = 5e-3;
    private const double EmbeddingTolerance = 5e-5;
    private const double EpsTolerance = 1e-4;

    public static void Check(GoldenItem item)
    {
        using var unet = UNet2DConditionModel.Load(item.At("pipeline", "unet"));
        using var gradients = new ParameterGradients(unet);
        var config = SchedulerConfig.Load(item.At("pipeline", "scheduler"));
        if (item.Has("erase.z"))
        {
            CheckEmbeddings(item);
            CheckLatents(unet, config, item);
            CheckErase(unet, gradients, item);
            CadMaskParity.CheckOwnGradients("erase", gradients, item);
        }
        else
        {
            item.Absent("erase");
        }

        if (item.Has("amplify.latents"))
        {
            CheckAmplify(unet, gradients, config, item);
            CadMaskParity.CheckOwnGradients("amplify", gradients, item);
        }
        else
        {
            item.Absent("amplify");
        }

        CadMaskParity.CheckGivenGradients("erase", unet, item);
        CadMaskParity.CheckGivenGradients("amplify", unet, item);
        CadMaskParity.CheckAblatedPredictions(unet, item);
    }

    private static void CheckEmbeddings(GoldenItem item)
    {
        if (!item.Has("erase.input_ids", "erase.text_embeddings"))
            return;
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var encoder = ClipTextModel.Load(item.At("pipeline", "text_encoder"));
        item.Largest("erase.text_embeddings", encoder.call(item.Read("erase.input_ids")), EmbeddingTolerance);
    }

    // Each latent is the result of the first t guided DDIM steps from noise of its own.
    private static void CheckLatents(UNet2DConditionModel unet, SchedulerConfig config, GoldenItem item)
    {
        using var scope = NewDisposeScope();
        var (noise, expected, timesteps) = (item.Read("erase.init_noise"), item.Read("erase.z"), item.Read("erase.timesteps").data<long>().ToArray());
        var conditions = item.Read("erase.sampler_embeddings_uncond_cond");
        var (scheduler, guidance) = CadSampling.Of(unet, config, timesteps, noise.narrow(0, 0, 1), expected.narrow(0, 0, 1), conditions);
        item.Exact("erase.timesteps", [.. scheduler.Timesteps.Take(timesteps.Length).Select(t => (long)t)], timesteps);
        for (var i = 0; i < timesteps.Length; i++)
        {
            using var step = NewDisposeScope();
            var latent = RestartSampler.FirstSteps(unet, scheduler, noise.narrow(0, i, 1), conditions, guidance, i + 1);
            item.Largest($"erase.z {i}", latent, expected.narrow(0, i, 1), LatentTolerance);
        }
    }

    private static void CheckErase(UNet2DConditionModel unet, ParameterGradients gradients, GoldenItem item)
    {
        using var scope = NewDisposeScope();
        var (latents, timesteps, embeddings) = (item.Read("erase.z"), item.Read("erase.timesteps"), item.Read("erase.text_embeddings"));
        var expected = item.Has("erase.objective_per_step") ? item.Read("erase.objective_per_step").to(ScalarType.Float64) : null;
        var hasSingleSteps = HasSingleSteps(item);
        gradients.Clear();
        for (var i = 0; i < timesteps.size(0); i++)
        {
            using var step = NewDisposeScope();
            var (latent, timestep) = (latents.narrow(0, i, 1), timesteps.narrow(0, i, 1));
            var singles = hasSingleSteps ? item.After($"erase.grad_single_step{i}.") : [];
            var before = singles.ToDictionary(n => n, gradients.Copy, StringComparer.Ordinal);
            var objective = EraseObjective.Evaluate(unet, latent, timestep, embeddings);
            objective.backward();
            if (expected is not null)
                item.Number($"erase.objective step {i}", objective.ToDouble(), expected[i].ToDouble(), GradientTolerance);
            foreach (var name in singles)
                item.Relative($"erase.grad_single_step{i}.{name}", gradients[name] - before[name], GradientTolerance);
            using var frozen = no_grad();
            item.IfAny($"erase.eps.{i}", () => unet.call(cat([latent, latent]), timestep, embeddings), item.Largest, EpsTolerance);
        }

        CheckSums("erase", gradients, item);
    }

    private static void CheckAmplify(UNet2DConditionModel unet, ParameterGradients gradients, SchedulerConfig config, GoldenItem item)
    {
        using var scope = NewDisposeScope();
        var (latents, noise, timesteps) = (item.Read("amplify.latents"), item.Read("amplify.noise"), item.Read("amplify.timesteps"));
        var text = item.Read("amplify.text_embeddings");
        var expected = item.Has("amplify.objective") ? item.Read("amplify.objective").to(ScalarType.Float64) : null;
        var schedule = new NoiseSchedule(config);
        gradients.Clear();
        for (var i = 0; i < timesteps.size(0); i++)
        {
            for (var k = 0; k < latents.size(0); k++)
            {
                using var step = NewDisposeScope();
                var timestep = timesteps.narrow(0, i, 1);
                var fresh = noise[i].narrow(0, k, 1);
                var noised = schedule.AddNoise(latents.narrow(0, k, 1), fresh, timestep);
                var last = i == timesteps.size(0) - 1 && k == latents.size(0) - 1;
                var held = last && !HasSingleSteps(item) ? HeldNames(item) : [];
                var before = held.ToDictionary(n => n.Parameter, n => gradients.Copy(n.Parameter), StringComparer.Ordinal);
                var objective = AmplifyObjective.Evaluate(unet, noised, timestep, fresh, text);
                objective.backward();
                foreach (var (name, parameter) in held.SelectMany(h => h.Tensors.Select(t => (t, h.Parameter))))
                {
                    var gradient = gradients[parameter] - before[parameter];
                    item.Relative($"{name} (gradient of the recording's last step)", gradient, item.Read(name), GradientTolerance);
                }

                if (expected is not null)
                    item.Number($"amplify.objective step {i} latent {k}", objective.ToDouble(), expected[i, k].ToDouble(), GradientTolerance);
            }
        }

        CheckSums("amplify", gradients, item);
    }

    /// <summary>
    /// Returns whether the single-step gradients are those of their steps. A recording that kept references to live gradients holds the same values
    /// for every step: those of the very last backward pass, which amplification makes.
    /// </summary>
    private static bool HasSingleSteps(GoldenItem item)
    {
        using var scope = NewDisposeScope();
        return HeldNames(item).TrueForAll(held => held.Tensors.Count < 2
            || held.Tensors.Skip(1).Any(t => !item.Read(t).equal(item.Read(held.Tensors[0])).all().ToBoolean()));
    }

    private static List<(string Parameter, List<string> Tensors)> HeldNames(GoldenItem item) =>
    [
        .. item.Names.Where(n => n.StartsWith("erase.grad_single_step", StringComparison.Ordinal))
            .GroupBy(n => n[(n.IndexOf('.', "erase.".Length) + 1)..], StringComparer.Ordinal)
            .Select(g => (g.Key, g.ToList())),
    ];

    private static void CheckSums(string kind, ParameterGradients gradients, GoldenItem item)
    {
        foreach (var name in item.After($"{kind}.grad."))
            item.Relative($"{kind}.grad.{name}", gradients[name], GradientTolerance);
        GradientSummary.Check($"{kind}_grad_summary.json", "grad_", gradients, item, GradientTolerance);
    }
}
