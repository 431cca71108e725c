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

    public static void Check(GoldenSet set, ItemChecks checks)
    {
        using var golden = set.Tensors("07_cad");
        using var unet = UNet2DConditionModel.Load(set.At("pipeline", "unet"));
        using var gradients = new ParameterGradients(unet);
        var config = SchedulerConfig.Load(set.At("pipeline", "scheduler"));
        if (golden.Has("erase.z"))
        {
            CheckEmbeddings(set, golden, checks);
            CheckLatents(unet, config, golden, checks);
            CheckErase(unet, gradients, set, golden, checks);
            CadMaskParity.CheckOwnGradients("erase", gradients, set, golden, checks);
        }
        else
        {
            checks.Absent("erase");
        }

        CadMaskParity.CheckGivenGradients("erase", unet, set, golden, checks);
        if (golden.Has("amplify.latents"))
        {
            CheckAmplify(unet, gradients, config, set, golden, checks);
            CadMaskParity.CheckOwnGradients("amplify", gradients, set, golden, checks);
        }
        else
        {
            checks.Absent("amplify");
        }

        CadMaskParity.CheckGivenGradients("amplify", unet, set, golden, checks);
        CadMaskParity.CheckAblatedPredictions(unet, set, golden, checks);
        checks.Unchecked(golden.Unread);
    }

    private static void CheckEmbeddings(GoldenSet set, GoldenTensors golden, ItemChecks checks)
    {
        if (!golden.Has("erase.input_ids") || !golden.Has("erase.text_embeddings"))
            return;
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var encoder = ClipTextModel.Load(set.At("pipeline", "text_encoder"));
        checks.Largest("erase.text_embeddings", encoder.call(golden.Read("erase.input_ids")), golden.Read("erase.text_embeddings"), EmbeddingTolerance);
    }

    // Each latent is the result of the first t guided DDIM steps from noise of its own.
    private static void CheckLatents(UNet2DConditionModel unet, SchedulerConfig config, GoldenTensors golden, ItemChecks checks)
    {
        using var scope = NewDisposeScope();
        var (noise, expected, timesteps) = (golden.Read("erase.init_noise"), golden.Read("erase.z"), golden.Read("erase.timesteps").data<long>().ToArray());
        var conditions = golden.Read("erase.sampler_embeddings_uncond_cond");
        var (scheduler, guidance) = CadSampling.Of(unet, config, timesteps, noise.narrow(0, 0, 1), expected.narrow(0, 0, 1), conditions);
        checks.Exact("erase.timesteps", [.. scheduler.Timesteps.Take(timesteps.Length).Select(t => (long)t)], timesteps);
        for (var i = 0; i < timesteps.Length; i++)
        {
            using var step = NewDisposeScope();
            var latent = RestartSampler.FirstSteps(unet, scheduler, noise.narrow(0, i, 1), conditions, guidance, i + 1);
            checks.Largest($"erase.z {i}", latent, expected.narrow(0, i, 1), LatentTolerance);
        }
    }

    private static void CheckErase(UNet2DConditionModel unet, ParameterGradients gradients, GoldenSet set, GoldenTensors golden, ItemChecks checks)
    {
        using var scope = NewDisposeScope();
        var (latents, timesteps, embeddings) = (golden.Read("erase.z"), golden.Read("erase.timesteps"), golden.Read("erase.text_embeddings"));
        var expected = golden.Has("erase.objective_per_step") ? golden.Read("erase.objective_per_step").to(ScalarType.Float64) : null;
        gradients.Clear();
        for (var i = 0; i < timesteps.size(0); i++)
        {
            using var step = NewDisposeScope();
            var (latent, timestep) = (latents.narrow(0, i, 1), timesteps.narrow(0, i, 1));
            var singles = SingleSteps(golden) ? golden.After($"erase.grad_single_step{i}.") : [];
            var before = singles.ToDictionary(n => n, n => gradients.Copy(n), StringComparer.Ordinal);
            var objective = EraseObjective.Evaluate(unet, latent, timestep, embeddings);
            objective.backward();
            if (expected is not null)
                checks.Number($"erase.objective step {i}", objective.ToDouble(), expected[i].ToDouble(), GradientTolerance);
            foreach (var name in singles)
                checks.Relative($"erase.grad_single_step{i}.{name}", gradients[name] - before[name], golden.Read($"erase.grad_single_step{i}.{name}"), GradientTolerance);
            if (golden.Has($"erase.eps.{i}"))
                CheckEps($"erase.eps.{i}", unet, latent, timestep, embeddings, golden, checks);
        }

        CheckSums("erase", gradients, set, golden, checks);
    }

    private static void CheckEps(string name, UNet2DConditionModel unet, Tensor latent, Tensor timestep, Tensor embeddings, GoldenTensors golden, ItemChecks checks)
    {
        using var frozen = no_grad();
        checks.Largest(name, unet.call(cat([latent, latent]), timestep, embeddings), golden.Read(name), EpsTolerance);
    }

    private static void CheckAmplify(UNet2DConditionModel unet, ParameterGradients gradients, SchedulerConfig config, GoldenSet set, GoldenTensors golden, ItemChecks checks)
    {
        using var scope = NewDisposeScope();
        var (latents, noise, timesteps, text) = (golden.Read("amplify.latents"), golden.Read("amplify.noise"), golden.Read("amplify.timesteps"), golden.Read("amplify.text_embeddings"));
        var expected = golden.Has("amplify.objective") ? golden.Read("amplify.objective").to(ScalarType.Float64) : null;
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
                var held = last && !SingleSteps(golden) ? HeldNames(golden) : [];
                var before = held.ToDictionary(n => n.Parameter, n => gradients.Copy(n.Parameter), StringComparer.Ordinal);
                var objective = AmplifyObjective.Evaluate(unet, noised, timestep, fresh, text);
                objective.backward();
                foreach (var (tensor, parameter) in held.SelectMany(h => h.Tensors.Select(t => (t, h.Parameter))))
                    checks.Relative($"{tensor} (gradient of the recording's last step)", gradients[parameter] - before[parameter], golden.Read(tensor), GradientTolerance);
                if (expected is not null)
                    checks.Number($"amplify.objective step {i} latent {k}", objective.ToDouble(), expected[i, k].ToDouble(), GradientTolerance);
            }
        }

        CheckSums("amplify", gradients, set, golden, checks);
    }

    /// <summary>
    /// Whether the single-step gradients are those of their steps. A recording that kept references to live gradients holds
    /// the same values for every step: those of the very last backward pass, which amplification makes.
    /// </summary>
    private static bool SingleSteps(GoldenTensors golden)
    {
        using var scope = NewDisposeScope();
        return HeldNames(golden).TrueForAll(held => held.Tensors.Count < 2 || held.Tensors.Skip(1).Any(t => !golden.Read(t).equal(golden.Read(held.Tensors[0])).all().ToBoolean()));
    }

    private static List<(string Parameter, List<string> Tensors)> HeldNames(GoldenTensors golden)
        => [.. golden.Names.Where(n => n.StartsWith("erase.grad_single_step", StringComparison.Ordinal))
            .GroupBy(n => n[(n.IndexOf('.', "erase.".Length) + 1)..], StringComparer.Ordinal)
            .Select(g => (g.Key, g.ToList()))];

    private static void CheckSums(string kind, ParameterGradients gradients, GoldenSet set, GoldenTensors golden, ItemChecks checks)
    {
        foreach (var name in golden.After($"{kind}.grad."))
            checks.Relative($"{kind}.grad.{name}", gradients[name], golden.Read($"{kind}.grad.{name}"), GradientTolerance);
        var summary = $"{kind}_grad_summary.json";
        if (set.Has("07_cad", summary))
            GradientSummary.Check(set.Json("07_cad", summary), "grad_", gradients, checks, GradientTolerance);
        else
            checks.Absent(summary);
    }
}
