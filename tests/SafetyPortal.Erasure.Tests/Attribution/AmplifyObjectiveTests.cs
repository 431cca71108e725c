using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Erasure.Attribution;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Tests.Attribution;

[Collection(nameof(Goldens))]
public sealed class AmplifyObjectiveTests(Goldens goldens)
{
    [Fact]
    public void Evaluate_TwoLatentsTwentyTimesteps_MatchesReferenceObjectivesAndGradients()
    {
        using var scope = NewDisposeScope();
        var unet = goldens.Pipeline.Unet;
        const string prefix = "amplify.grad.";
        var parameters = unet.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        using var gradients = new GradientScope(unet, goldens.Names(prefix).Select(n => parameters[n[prefix.Length..]]).ToList());
        var scheduler = new DdimScheduler(goldens.Pipeline.SchedulerConfig);
        scheduler.SetTimesteps(20);
        var timesteps = goldens.Read("amplify.timesteps").data<long>().ToArray();
        var embeddings = goldens.Read("amplify.text_embeddings");

        for (var t = 0; t < 20; t++)
        {
            for (var image = 0; image < 2; image++)
            {
                using var step = NewDisposeScope();
                var latent = goldens.Read("amplify.latents").narrow(0, image, 1);
                var noise = goldens.Read("amplify.noise")[t].narrow(0, image, 1);
                var timestep = tensor(new[] { timesteps[t] });
                var objective = AmplifyObjective.Evaluate(
                    unet, scheduler.AddNoise(latent, noise, timestep), timestep, noise, embeddings);
                objective.backward();
                var expected = goldens.Read("amplify.objective")[t, image].ToDouble();
                objective.ToDouble().ShouldBe(expected, 2e-3 * Math.Abs(expected));
            }
        }

        foreach (var name in goldens.Names(prefix))
            Goldens.RelativeError(parameters[name[prefix.Length..]].grad.ShouldNotBeNull(), goldens.Read(name)).ShouldBeLessThan(2e-3, name);
    }
}
