using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Tests;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>Against diffusers v0.30.3 (05_schedulers/README.md): timesteps exact, trajectories within rtol 1e-4 and atol 1e-4.</summary>
public sealed class GoldenSchedulerTests
{
    private const double Tolerance = 1e-4;

    public static TheoryData<string, int> Runs()
    {
        var runs = new TheoryData<string, int>();
        using var document = PythonJson.Parse(File.ReadAllText(GoldenFolder.At("05_schedulers", "schedulers.json")));
        foreach (var scheduler in document.RootElement.EnumerateObject())
        {
            foreach (var count in scheduler.Value.GetProperty("steps").EnumerateObject())
                runs.Add(scheduler.Name, int.Parse(count.Name, System.Globalization.CultureInfo.InvariantCulture));
        }

        return runs;
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void Step_GoldenRun_FollowsTheReference(string name, int steps)
    {
        using var outer = NewDisposeScope();
        using var golden = SafetensorsFile.Open(GoldenFolder.At("05_schedulers", "io.safetensors"));
        var scheduler = Create(name);
        scheduler.SetTimesteps(steps);

        scheduler.Timesteps.ShouldBe(golden.Read($"{name}.{steps}.timesteps").data<double>().ToArray());

        var (eps, noise, expected) = (golden.Read("eps"), golden.Read("variance_noise"), golden.Read($"{name}.{steps}.traj"));
        var scaled = golden.Entries.ContainsKey($"{name}.{steps}.scaled_input") ? golden.Read($"{name}.{steps}.scaled_input") : null;
        var x = golden.Read("x_init") * scheduler.InitNoiseSigma;
        for (var i = 0; i < scheduler.Timesteps.Count; i++)
        {
            var input = scheduler.ScaleModelInput(x, scheduler.Timesteps[i]);
            if (scaled is not null)
                allclose(input, scaled[i], Tolerance, Tolerance).ShouldBeTrue($"scaled input {i}");
            x = scheduler.Step(eps[i], scheduler.Timesteps[i], x, noise[i]);
            allclose(x, expected[i], Tolerance, Tolerance).ShouldBeTrue($"step {i}");
        }
    }

    [Fact]
    public void Noise_StableDiffusionBetas_AreThePublishedTable()
    {
        using var scope = NewDisposeScope();
        using var golden = SafetensorsFile.Open(GoldenFolder.At("05_schedulers", "io.safetensors"));
        var schedule = new NoiseSchedule(SchedulerConfig.StableDiffusion);

        schedule.Betas32.ShouldBe(golden.Read("betas").data<float>().ToArray());
        schedule.AlphasCumprod.ShouldBe(golden.Read("alphas_cumprod").data<float>().ToArray().Select(a => (double)a));
    }

    [Fact]
    public void AddNoise_GoldenBatch_MixesAsTheReference()
    {
        using var scope = NewDisposeScope();
        using var golden = SafetensorsFile.Open(GoldenFolder.At("05_schedulers", "io.safetensors"));
        var scheduler = new DdimScheduler(SchedulerConfig.StableDiffusion);

        var noised = scheduler.AddNoise(golden.Read("add_noise.x"), golden.Read("add_noise.noise"), golden.Read("add_noise.timesteps"));

        allclose(noised, golden.Read("add_noise.out"), 1e-5, 1e-6).ShouldBeTrue();
    }

    [Fact]
    public void Variance_FiftySteps_IsTheReferences()
    {
        using var scope = NewDisposeScope();
        using var golden = SafetensorsFile.Open(GoldenFolder.At("05_schedulers", "io.safetensors"));
        var scheduler = new DdimScheduler(SchedulerConfig.StableDiffusion);
        scheduler.SetTimesteps(50);
        var expected = golden.Read("ddim_sd.50.variance").data<float>().ToArray();

        for (var i = 0; i < 50; i++)
            scheduler.Variance(scheduler.Timesteps[i]).ShouldBe(expected[i], 1e-4);
    }

    private static IScheduler Create(string name)
    {
        using var document = PythonJson.Parse(File.ReadAllText(GoldenFolder.At("05_schedulers", "schedulers.json")));
        var entry = document.RootElement.GetProperty(name);
        var config = SchedulerConfig.Parse(entry.GetProperty("config").GetRawText());
        var className = entry.GetProperty("class").GetString()!;
        return name.EndsWith("_eta1", StringComparison.Ordinal) ? new DdimScheduler(config, eta: 1) : config.CreateScheduler(className);
    }
}
