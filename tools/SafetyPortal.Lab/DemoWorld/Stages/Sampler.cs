using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Diffusion.Vae;
using SafetyPortal.Images;
using SafetyPortal.Lab.DemoWorld.Captions;
using SafetyPortal.Lab.DemoWorld.World;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Stages;

/// <summary>Samples from the networks as they are being trained, without writing a model folder first: 25 DDIM steps, guidance 3.</summary>
public sealed class Sampler(StageContext context) : IDisposable
{
    private const int Chunk = 14;
    private const int Steps = 25;
    private const double Guidance = 3;
    private readonly ClipTextModel text = ClipStage.LoadTextTower(context);
    private readonly UNet2DConditionModel unet = UnetStage.Load(context);
    private readonly AutoencoderKL vae = DecoderStage.LoadBest(context);
    private readonly double scalingFactor = LatentSet.ScalingFactorOf(context.WorkDirectory);

    /// <summary>One picture per prompt, each from the noise of its own seed.</summary>
    /// <param name="prompts">What to draw.</param>
    /// <param name="seed">The first picture's seed; the next ones follow.</param>
    public IReadOnlyList<Raster> Sample(IReadOnlyList<string> prompts, long seed)
    {
        var pictures = new Raster[prompts.Count];
        Parallel.For(0, (prompts.Count + Chunk - 1) / Chunk, new ParallelOptions { MaxDegreeOfParallelism = context.Threads }, i =>
        {
            set_num_threads(1);
            SampleChunk([.. prompts.Skip(i * Chunk).Take(Chunk)], seed + i * Chunk).CopyTo(pictures, i * Chunk);
        });
        return pictures;
    }

    /// <summary>Objects across, styles down, then mannequins.</summary>
    public Raster Sheet(long seed)
    {
        string[] prompts =
        [
            .. Vocabulary.Styles.SelectMany(style => Vocabulary.Objects.Select(o => CaptionWriter.Of(o, style))),
            .. Enumerable.Repeat(CaptionWriter.Of(Vocabulary.Nude), Vocabulary.Objects.Count / 2),
            .. Enumerable.Repeat(CaptionWriter.Of(Vocabulary.Clothed), Vocabulary.Objects.Count / 2),
        ];
        return ContactSheet.Arrange(Sample(prompts, seed), Vocabulary.Objects.Count);
    }

    private Raster[] SampleChunk(string[] prompts, long seed)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var states = text.call(context.Ids([.. prompts.Select(_ => ""), .. prompts])); // [2B, 20, C]
        var x = cat([.. prompts.Select((_, i) => Noise(seed + i))], 0); // [B, 4, 16, 16]
        var scheduler = new DdimScheduler(UnetStage.Schedule);
        scheduler.SetTimesteps(Steps);
        foreach (var timestep in scheduler.Timesteps)
        {
            using var inner = NewDisposeScope();
            var both = unet.call(cat([x, x], 0), tensor(new[] { (long)timestep }), states).chunk(2, 0);
            var epsilon = both[0] + (both[1] - both[0]) * Guidance;
            x = scheduler.Step(epsilon, timestep, x).MoveToOuterDisposeScope();
        }

        var pixels = (vae.decode(x / scalingFactor).clamp(-1, 1) + 1) * 127.5; // [B, 3, 64, 64]
        var bytes = pixels.round().to(ScalarType.Byte).permute(0, 2, 3, 1).contiguous();
        return [.. Enumerable.Range(0, prompts.Length).Select(i => new Raster(
            SceneRenderer.Side, SceneRenderer.Side, 3, bytes.select(0, i).reshape(-1).data<byte>().ToArray()))];
    }

    private static Tensor Noise(long seed)
    {
        using var generator = new Generator((ulong)seed);
        return randn([1, 4, SceneRenderer.Side / 4, SceneRenderer.Side / 4], dtype: ScalarType.Float32, generator: generator);
    }

    public void Dispose()
    {
        text.Dispose();
        unet.Dispose();
        vae.Dispose();
    }
}
