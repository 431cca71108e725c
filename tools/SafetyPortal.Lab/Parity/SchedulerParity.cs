using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Schedulers;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>05_schedulers: timesteps exact, trajectories within rtol and atol, against diffusers.</summary>
internal static partial class SchedulerParity
{
    private const double TrajectoryTolerance = 1e-4;
    private const double TableTolerance = 1e-6;

    public static void Check(GoldenSet set, ItemChecks checks)
    {
        using var golden = set.Tensors("05_schedulers");
        var schedulers = set.Json("05_schedulers", "schedulers.json");
        foreach (var entry in schedulers.EnumerateObject())
        {
            foreach (var count in entry.Value.GetProperty("steps").EnumerateObject())
            {
                using var scope = NewDisposeScope();
                CheckRun($"{entry.Name}.{count.Name}", Create(entry), int.Parse(count.Name, CultureInfo.InvariantCulture), count.Value, golden, checks);
            }
        }

        using (NewDisposeScope())
            CheckTables([.. schedulers.EnumerateObject()], golden, checks);
        checks.Unchecked(golden.Unread);
    }

    private static void CheckRun(string run, IScheduler scheduler, int steps, JsonElement facts, GoldenTensors golden, ItemChecks checks)
    {
        using var history = scheduler as IDisposable;
        scheduler.SetTimesteps(steps);
        checks.Exact($"{run}.timesteps", scheduler.Timesteps, [.. facts.GetProperty("timesteps").EnumerateArray().Select(t => PythonJson.AsDouble(t))]);
        if (golden.Has($"{run}.timesteps"))
            checks.Exact($"{run}.timesteps (tensor)", scheduler.Timesteps, golden.Read($"{run}.timesteps").to(ScalarType.Float64).data<double>().ToArray());
        if (facts.TryGetProperty("n_model_calls", out var calls))
            checks.Add($"{run}.n_model_calls", Math.Abs(scheduler.Timesteps.Count - calls.GetInt32()), 0);
        if (facts.TryGetProperty("init_noise_sigma", out var sigma))
            checks.Number($"{run}.init_noise_sigma", scheduler.InitNoiseSigma, PythonJson.AsDouble(sigma), TableTolerance);
        CheckSigmas(run, scheduler, golden, checks);
        CheckVariance(run, scheduler, golden, checks);
        if (golden.Has($"{run}.traj"))
            CheckTrajectory(run, scheduler, golden, checks);
        else
            checks.Absent($"{run}.traj");
    }

    private static void CheckTrajectory(string run, IScheduler scheduler, GoldenTensors golden, ItemChecks checks)
    {
        var (eps, noise, expected) = (golden.Read("eps"), golden.Has("variance_noise") ? golden.Read("variance_noise") : null, golden.Read($"{run}.traj"));
        var scaled = golden.Has($"{run}.scaled_input") ? golden.Read($"{run}.scaled_input") : null;
        var originals = golden.Has($"{run}.pred_x0") ? golden.Read($"{run}.pred_x0") : null;
        var x = golden.Read("x_init") * scheduler.InitNoiseSigma;
        var (steps, inputs, clean) = (new List<Tensor>(), new List<Tensor>(), new List<Tensor>());
        for (var i = 0; i < scheduler.Timesteps.Count; i++)
        {
            var t = scheduler.Timesteps[i];
            inputs.Add(scheduler.ScaleModelInput(x, t));
            if (originals is not null && scheduler is DdimScheduler ddim)
                clean.Add(ddim.PredictOriginal(eps[i], t, x));
            x = scheduler.Step(eps[i], t, x, noise?[i]);
            steps.Add(x);
        }

        checks.Close($"{run}.traj", stack(steps), expected, TrajectoryTolerance, TrajectoryTolerance);
        if (scaled is not null)
            checks.Close($"{run}.scaled_input", stack(inputs), scaled, TrajectoryTolerance, TrajectoryTolerance);
        if (originals is not null && clean.Count > 0)
            checks.Close($"{run}.pred_x0", stack(clean), originals, TrajectoryTolerance, TrajectoryTolerance);
    }

    private static void CheckSigmas(string run, IScheduler scheduler, GoldenTensors golden, ItemChecks checks)
    {
        var sigmas = scheduler switch
        {
            EulerDiscreteScheduler euler => euler.Sigmas,
            DpmSolverMultistepScheduler dpm => dpm.Sigmas,
            _ => null,
        };
        if (sigmas is not null && golden.Has($"{run}.sigmas"))
            checks.Close($"{run}.sigmas", tensor(sigmas.ToArray()), golden.Read($"{run}.sigmas"), TableTolerance, TableTolerance);
    }

    private static void CheckVariance(string run, IScheduler scheduler, GoldenTensors golden, ItemChecks checks)
    {
        if (scheduler is not DdimScheduler ddim)
            return;
        if (golden.Has($"{run}.variance"))
            checks.Close($"{run}.variance", tensor(ddim.Timesteps.Select(ddim.Variance).ToArray()), golden.Read($"{run}.variance"), TrajectoryTolerance, TableTolerance);
        var stride = ddim.Config.NumTrainTimesteps / ddim.Timesteps.Count;
        if (golden.Has($"{run}.prev_timesteps"))
            checks.Exact($"{run}.prev_timesteps", [.. ddim.Timesteps.Select(t => (long)t - stride)], golden.Read($"{run}.prev_timesteps").data<long>().ToArray());
    }

    private static void CheckTables(IReadOnlyList<JsonProperty> schedulers, GoldenTensors golden, ItemChecks checks)
    {
        if (schedulers.Count == 0)
            return;
        // The tables are those of the plain DDIM configuration when there is one.
        var owner = schedulers.FirstOrDefault(s => ClassOf(s) == "DDIMScheduler", schedulers[0]);
        var config = ConfigOf(owner);
        var noise = new NoiseSchedule(config);
        if (golden.Has("betas"))
            checks.Close("betas", tensor(noise.Betas32.ToArray()), golden.Read("betas"), TableTolerance, 0);
        if (golden.Has("alphas_cumprod"))
            checks.Close("alphas_cumprod", tensor(noise.AlphasCumprod.ToArray()), golden.Read("alphas_cumprod"), TableTolerance, 0);
        if (golden.Has("ddim_final_alpha_cumprod"))
            checks.Number("ddim_final_alpha_cumprod", new DdimScheduler(config with { SetAlphaToOne = false }).FinalAlphaCumprod, golden.Read("ddim_final_alpha_cumprod").to(ScalarType.Float64).sum().ToDouble(), TableTolerance);
        if (golden.Has("add_noise.out"))
        {
            var noised = noise.AddNoise(golden.Read("add_noise.x"), golden.Read("add_noise.noise"), golden.Read("add_noise.timesteps"));
            checks.Close("add_noise.out", noised, golden.Read("add_noise.out"), TrajectoryTolerance, TrajectoryTolerance);
        }
    }

    // A name that ends in _eta1 or _eta0.5 says how much noise the DDIM steps add.
    private static IScheduler Create(JsonProperty entry)
    {
        var eta = entry.Value.TryGetProperty("eta", out var given) ? PythonJson.AsDouble(given)
            : EtaInName().Match(entry.Name) is { Success: true } match ? double.Parse(match.Groups["eta"].Value, CultureInfo.InvariantCulture)
            : 0;
        return eta > 0 ? new DdimScheduler(ConfigOf(entry), eta) : ConfigOf(entry).CreateScheduler(ClassOf(entry));
    }

    private static string ClassOf(JsonProperty entry) => entry.Value.GetProperty("class").GetString()!;

    private static SchedulerConfig ConfigOf(JsonProperty entry) => SchedulerConfig.Parse(entry.Value.GetProperty("config").GetRawText());

    [GeneratedRegex(@"_eta(?<eta>[0-9]+(\.[0-9]+)?)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex EtaInName();
}
