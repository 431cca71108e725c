using SafetyPortal.Cli.Commands;
using SafetyPortal.Cli.Output;
using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Erasure.Attribution;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Bench;

/// <param name="Repeat">Runs of each short case.</param>
/// <param name="Steps">DDIM steps of an attribution.</param>
/// <param name="GenerationSteps">DDIM steps of an image.</param>
/// <param name="LoopSteps">Steps of the restart sampler that are really run.</param>
/// <param name="Device">As <c>--device</c> has it.</param>
/// <param name="Dtype">As <c>--dtype</c> has it.</param>
internal sealed record BenchSettings(int Repeat, int Steps, int GenerationSteps, int LoopSteps, string Device, string Dtype);

/// <summary>
/// The cases of a benchmark. <c>benchmarks/reference.py</c> measures the same under the same names: one latent with two texts is a batch of two, and
/// the objective is that of CAD-Erase.
/// </summary>
internal sealed class BenchCases : IDisposable
{
    private const string TextEncode = "text-encode";
    private const string Forward = "unet-forward";
    private const string Gradient = "unet-gradient";
    private const string GradientOfAll = "unet-gradient-all";
    private const string Decode = "vae-decode";
    private const string Generate = "generate";
    private const string Trajectory = "attribution-trajectory";
    private const string Checkpointed = "attribution-checkpointed";
    private const string ManyImages = "generate-200";
    private const int Images = 200;
    private const int FirstImages = 20;
    private const string Restart = "attribution-restart";
    private const string Prompt = "a photo of a parachute";

    private readonly string folder;
    private readonly BenchSettings settings;
    private readonly IProgress<WorkStep> progress;
    private readonly CancellationToken cancellation;
    private readonly StableDiffusionPipeline pipeline;
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly Tensor latents;
    private readonly Tensor timestep;
    private readonly Tensor texts;

    public BenchCases(string folder, BenchSettings settings, IProgress<WorkStep> progress, CancellationToken cancellation)
    {
        (this.folder, this.settings, this.progress, this.cancellation) = (folder, settings, progress, cancellation);
        pipeline = ModelLoading.Pipeline(new DirectoryInfo(folder), settings.Device, settings.Dtype);
        using var generator = new Generator(0);
        var side = pipeline.Unet.Config.SampleSize;
        var latent = randn([1, pipeline.Unet.Config.InChannels, side, side], generator: generator);
        latents = cat([latent, latent]).to(pipeline.Device); // [2, 4, h, w]
        timestep = tensor(new[] { 481L }, device: pipeline.Device);
        texts = pipeline.EncodePrompts([Prompt, string.Empty]); // [2, T, D]
    }

    /// <summary>In the order they are run.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [TextEncode, Forward, Gradient, GradientOfAll, Decode, Generate, ManyImages, Trajectory, Checkpointed, Restart];

    /// <summary>The cases without <c>--case</c>: all but the two hundred images, which take minutes on small models and hours on large ones.</summary>
    public static IReadOnlyList<string> DefaultNames { get; } = [.. Names.Where(name => name != ManyImages)];

    public BenchReport Run(IReadOnlyList<string> names, int threads)
    {
        var results = new List<BenchMeasurement>();
        foreach (var name in Names.Where(names.Contains))
        {
            cancellation.ThrowIfCancellationRequested();
            progress.Report(new WorkStep(name, 0, 0));
            results.Add(Measure(name, results));
        }

        return new BenchReport(
            "SafetyPortal",
            folder,
            pipeline.Unet.parameters().Sum(p => p.numel()),
            pipeline.Unet.Config.SampleSize,
            threads,
            $"libtorch {Libtorch.Description}, {settings.Device}, {settings.Dtype}",
            results);
    }

    public void Dispose()
    {
        scope.Dispose();
        pipeline.Dispose();
    }

    private BenchMeasurement Measure(string name, List<BenchMeasurement> sofar) => name switch
    {
        TextEncode => Short(name, "one prompt", () => pipeline.EncodePrompts([Prompt]).Dispose()),
        Forward => Short(name, "batch of 2, no gradient", PredictNoise),
        Gradient => Short(
            name,
            "batch of 2: the erase objective at one latent, gradients of the weights that attribution scores",
            () => Backward(Candidates.Of(pipeline.Unet, CandidateSet.FeedForward).Select(c => c.Weight))),
        GradientOfAll => Short(name, "the same, gradients of every parameter", () => Backward(pipeline.Unet.parameters())),
        Decode => Short(name, "one image", DecodeOne),
        Generate => Short(name, $"one image, {settings.GenerationSteps} DDIM steps under guidance, with text and decoding", GenerateOne),
        ManyImages => Growing(name),
        Trajectory => Long(name, $"{settings.Steps} steps, one seed, the default sampler", () => Attribute(LatentSampler.Trajectory, settings.Steps)),
        Checkpointed => Long(
            name, "the same, activations computed again for the gradient", () => Attribute(LatentSampler.Trajectory, settings.Steps, checkpointing: true)),
        _ => Restarted(sofar),
    };

    private BenchMeasurement Short(string name, string note, Action body)
    {
        body(); // warms caches up and does not count
        return BenchMeasurement.Of(name, note, settings.Repeat, body);
    }

    private static BenchMeasurement Long(string name, string note, Action body) => BenchMeasurement.Of(name, note, 1, body);

    private BenchMeasurement Growing(string name)
    {
        (long? MiB, long Tensors) before = default, after = default;
        var result = Long(name, $"{Images} images one by one, {settings.GenerationSteps} steps each", () =>
        {
            for (var i = 0; i < FirstImages; i++)
                GenerateOne();
            before = (BenchMeasurement.ResidentMebibytes(), DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            for (var i = FirstImages; i < Images; i++)
                GenerateOne();
            after = (BenchMeasurement.ResidentMebibytes(), DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        });
        return result with
        {
            Growth = new MemoryGrowth(before.MiB, after.MiB, before.Tensors, after.Tensors),
            Note = $"{result.Note}: {before.MiB} MiB and {before.Tensors} tensors after {FirstImages}, "
                + $"{after.MiB} MiB and {after.Tensors} tensors after {Images}",
        };
    }

    private BenchMeasurement Restarted(List<BenchMeasurement> sofar)
    {
        var (steps, loop) = (settings.Steps, Math.Min(settings.Steps, settings.LoopSteps));
        var part = Long(Restart, $"{steps} steps of the restart sampler", () => Attribute(LatentSampler.Restart, loop));
        if (loop == steps)
            return part;

        // k = 1..N makes k guided predictions and one backward pass.
        var forward = (sofar.Find(m => m.Name == Forward) ?? Measure(Forward, sofar)).CpuSeconds;
        var gradient = (sofar.Find(m => m.Name == Gradient) ?? Measure(Gradient, sofar)).CpuSeconds;
        double Cost(int n) => (n * (n + 1) / 2.0 * forward) + (n * gradient);
        return part.Scaled(
            Cost(steps) / Cost(loop), $"{steps} steps of the restart sampler, one seed: computed from the {part.Seconds} s that {loop} steps took");
    }

    private void PredictNoise()
    {
        using var frozen = no_grad();
        pipeline.Unet.call(latents, timestep, texts).Dispose();
    }

    private void Backward(IEnumerable<Parameter> wanted)
    {
        var trained = wanted.ToHashSet();
        foreach (var parameter in pipeline.Unet.parameters())
        {
            parameter.grad = null;
            parameter.requires_grad = trained.Contains(parameter);
        }

        using var inner = NewDisposeScope();
        var eps = pipeline.Unet.call(latents, timestep, texts); // [2, 4, h, w]
        EraseObjective.Value(eps.narrow(0, 0, 1), eps.narrow(0, 1, 1)).backward();
        foreach (var parameter in trained)
            parameter.grad = null;
    }

    private void DecodeOne()
    {
        using var frozen = no_grad();
        using var latent = latents.narrow(0, 0, 1).clone();
        pipeline.DecodeToUnit(latent).Dispose();
    }

    private void GenerateOne()
    {
        var generation = new GenerationSettings
        {
            Prompts = [Prompt],
            Seeds = [0],
            Steps = settings.GenerationSteps,
            GuidanceScale = 5,
            Scheduler = "DDIMScheduler",
        };
        pipeline.Generate(generation, progress: null, cancellation);
    }

    private void Attribute(LatentSampler sampler, int steps, bool checkpointing = false)
    {
        var attribution = new AttributionSettings
        {
            Prompts = [new PromptPair(Prompt)],
            Sampler = sampler,
            Steps = steps,
            Seeds = [0],
            Checkpointing = checkpointing,
        };
        ComponentAttribution.Run(pipeline, attribution, progress: null, cancellation).Dispose();
    }
}
