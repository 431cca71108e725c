using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Schedulers;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>05_schedulers: timesteps and betas exact, trajectories within rtol and atol, against diffusers.</summary>
internal static partial class SchedulerParity
{
    private const double TrajectoryTolerance = 1e-4;
    private const double TableTolerance = 1e-6;
    private const double NoiseTolerance = 1e-5;

    public static void Check(GoldenItem item)
    {
        List<JsonProperty> schedulers = [.. item.Json("schedulers.json").EnumerateObject()];
        foreach (var entry in schedulers)
        {
            foreach (var count in entry.Value.GetProperty("steps").EnumerateObject())
            {
                using var scope = NewDisposeScope();
                CheckRun($"{entry.Name}.{count.Name}", Create(entry), int.Parse(count.Name, CultureInfo.InvariantCulture), count.Value, item);
            }
        }

        using (NewDisposeScope())
            CheckTables(schedulers, item);
    }

    private static void CheckRun(string run, IScheduler scheduler, int steps, JsonElement facts, GoldenItem item)
    {
        using var history = scheduler as IDisposable;
        scheduler.SetTimesteps(steps);
        item.Exact($"{run}.timesteps", scheduler.Timesteps, [.. facts.GetProperty("timesteps").EnumerateArray().Select(t => PythonJson.AsDouble(t))]);
        if (item.Has($"{run}.timesteps"))
            item.Exact($"{run}.timesteps (tensor)", scheduler.Timesteps, item.Read($"{run}.timesteps").to(ScalarType.Float64).data<double>().ToArray());
        item.IfAny(facts, "n_model_calls", $"{run}.n_model_calls", () => scheduler.Timesteps.Count, item.Absolute, 0);
        item.IfAny(facts, "init_noise_sigma", $"{run}.init_noise_sigma", () => scheduler.InitNoiseSigma, item.Number, TableTolerance);
        if (scheduler is EulerDiscreteScheduler euler)
            item.IfAny($"{run}.sigmas", () => tensor(euler.Sigmas.ToArray()), Near, TableTolerance);
        if (scheduler is DpmSolverMultistepScheduler dpm)
            item.IfAny($"{run}.sigmas", () => tensor(dpm.Sigmas.ToArray()), Near, TableTolerance);
        if (scheduler is DdimScheduler ddim)
            CheckDdim(run, ddim, item);
        if (item.Has($"{run}.traj"))
            CheckTrajectory(run, scheduler, item);
        else
            item.Absent($"{run}.traj");

        void Near(string name, Tensor actual, Tensor expected, double tolerance) => item.Close(name, actual, expected, tolerance, tolerance);
    }

    private static void CheckDdim(string run, DdimScheduler ddim, GoldenItem item)
    {
        if (item.Has($"{run}.variance"))
        {
            var variances = tensor(ddim.Timesteps.Select(ddim.Variance).ToArray());
            item.Close($"{run}.variance", variances, item.Read($"{run}.variance"), TrajectoryTolerance, TableTolerance);
        }

        var stride = ddim.Config.NumTrainTimesteps / ddim.Timesteps.Count;
        if (item.Has($"{run}.prev_timesteps"))
            item.Exact($"{run}.prev_timesteps", [.. ddim.Timesteps.Select(t => (long)t - stride)], item.Read($"{run}.prev_timesteps").data<long>().ToArray());
    }

    private static void CheckTrajectory(string run, IScheduler scheduler, GoldenItem item)
    {
        var (eps, noise) = (item.Read("eps"), item.Has("variance_noise") ? item.Read("variance_noise") : null);
        var x = item.Read("x_init") * scheduler.InitNoiseSigma;
        var (steps, inputs, originals) = (new List<Tensor>(), new List<Tensor>(), new List<Tensor>());
        for (var i = 0; i < scheduler.Timesteps.Count; i++)
        {
            var t = scheduler.Timesteps[i];
            inputs.Add(scheduler.ScaleModelInput(x, t));
            if (scheduler is DdimScheduler ddim)
                originals.Add(ddim.PredictOriginal(eps[i], t, x));
            x = scheduler.Step(eps[i], t, x, noise?[i]);
            steps.Add(x);
        }

        Compare("traj", steps);
        Compare("scaled_input", inputs);
        Compare("pred_x0", originals);

        void Compare(string key, List<Tensor> actual)
        {
            if (actual.Count > 0 && item.Has($"{run}.{key}"))
                item.Close($"{run}.{key}", stack(actual), item.Read($"{run}.{key}"), TrajectoryTolerance, TrajectoryTolerance);
        }
    }

    private static void CheckTables(List<JsonProperty> schedulers, GoldenItem item)
    {
        if (schedulers.Count == 0)
            return;
        // The tables are those of the plain DDIM configuration when there is one.
        var owner = schedulers.FirstOrDefault(s => ClassOf(s) == "DDIMScheduler", schedulers[0]);
        var scheduler = new DdimScheduler(ConfigOf(owner) with { SetAlphaToOne = false });
        Table("betas", scheduler.Noise.Betas32);
        Table("alphas_cumprod", [.. scheduler.Noise.AlphasCumprod.Select(a => (float)a)]);
        if (item.Has("ddim_final_alpha_cumprod"))
            item.Number("ddim_final_alpha_cumprod", scheduler.FinalAlphaCumprod, item.Scalar("ddim_final_alpha_cumprod"), TableTolerance);
        if (item.Has("add_noise.out"))
        {
            var noised = scheduler.Noise.AddNoise(item.Read("add_noise.x"), item.Read("add_noise.noise"), item.Read("add_noise.timesteps"));
            item.Close("add_noise.out", noised, item.Read("add_noise.out"), NoiseTolerance, TableTolerance);
        }

        void Table(string name, IReadOnlyList<float> actual)
        {
            if (item.Has(name))
                item.Exact(name, actual, item.Read(name).to(ScalarType.Float32).data<float>().ToArray());
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
