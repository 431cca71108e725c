using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SafetyPortal.Diffusion.Tests.References;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Schedulers;

/// <summary>Settings the goldens lack, against diffusers v0.30.3 (References/make_schedulers.py): timesteps exact, trajectories within 1e-4.</summary>
public sealed class SchedulerReferenceTests : IDisposable
{
    private const double Tolerance = 1e-4;

    private readonly DisposeScope scope = NewDisposeScope();

    public static TheoryData<string> Names
    {
        get
        {
            using var reference = Open();
            return new(reference.RootElement.GetProperty("cases").EnumerateObject().Select(c => c.Name).ToArray());
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Step_ReferenceCase_FollowsDiffusers(string name)
    {
        using var reference = Open();
        var run = reference.RootElement.GetProperty("cases").GetProperty(name);
        var config = SchedulerConfig.Parse(run.GetProperty("config").GetRawText());
        var eta = run.GetProperty("eta").GetDouble();
        var scheduler = eta > 0 ? new DdimScheduler(config, eta) : config.CreateScheduler(run.GetProperty("class").GetString());
        using var history = scheduler as IDisposable;

        scheduler.SetTimesteps(run.GetProperty("steps").GetInt32());

        scheduler.Timesteps.ShouldBe(run.GetProperty("timesteps").EnumerateArray().Select(t => t.GetDouble()));
        var x = Wave(Math.Cos, 0, 0) * scheduler.InitNoiseSigma;
        foreach (var (t, i) in scheduler.Timesteps.Select((t, i) => (t, i)))
        {
            scheduler.ScaleModelInput(x, t);
            x = scheduler.Step(Wave(Math.Sin, 1.7, i), t, x, eta > 0 ? Wave(Math.Cos, 2.3, i) : null);
            var expected = tensor(run.GetProperty("trajectory")[i].EnumerateArray().Select(v => v.GetSingle()).ToArray()).reshape(1, 1, 2, 2);
            allclose(x, expected, Tolerance, Tolerance).ShouldBeTrue($"step {i}: expected {Text(expected)}, got {Text(x)}");
        }
    }

    [Fact]
    public void AddNoise_EulerWithZeroTerminalSnr_MixesAsDiffusers()
    {
        using var reference = Open();
        var expected = reference.RootElement.GetProperty("euler_zero_snr_add_noise").EnumerateArray().Select(v => v.GetSingle()).ToArray();
        var scheduler = new EulerDiscreteScheduler(SchedulerConfig.StableDiffusion with { RescaleBetasZeroSnr = true });

        var noised = scheduler.AddNoise(Wave(Math.Cos, 0, 0).repeat(2, 1, 1, 1), Wave(Math.Sin, 0, 0).repeat(2, 1, 1, 1), tensor(new long[] { 999, 500 }));

        allclose(noised.flatten(), tensor(expected), Tolerance, Tolerance).ShouldBeTrue(Text(noised));
    }

    // Where a value lies halfway between two integers, the rounding errors of NumPy's arange decide.
    [Fact]
    public void Trailing_EveryNumberOfSteps_IsNumPys()
    {
        using var reference = Open();
        var lines = new StringBuilder();
        for (var steps = 1; steps <= 1000; steps++)
            lines.AppendJoin(' ', TimestepSequence.Trailing(1000, 1000.0 / steps).Select(t => t.ToString(CultureInfo.InvariantCulture))).Append('\n');

        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(lines.ToString())));
        digest.ShouldBe(reference.RootElement.GetProperty("arange.sha256").GetString());
        TimestepSequence.Trailing(1000, 1000.0 / 48)[3].ShouldBe(936);
    }

    public void Dispose() => scope.Dispose();

    private static JsonDocument Open() => PythonJson.Parse(File.ReadAllText(ReferenceFolder.At("schedulers.json")));

    private static Tensor Wave(Func<double, double> function, double rate, int i) =>
        tensor(Enumerable.Range(0, 4).Select(k => (float)function((rate * i) + k)).ToArray()).reshape(1, 1, 2, 2);

    private static string Text(Tensor values) => string.Join(", ", values.contiguous().data<float>().ToArray());
}
