using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Diffusion.Vae;
using SafetyPortal.Images;
using SafetyPortal.Lab.DemoWorld.World;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Stages;

/// <summary>Samples from the networks as they are being trained, without writing a model folder first.</summary>
public sealed class Sampler : IDisposable
{
    private const int Chunk = 14;
    private readonly StageContext _context;
    private readonly ClipTextModel _text;
    private readonly UNet2DConditionModel _unet;
    private readonly AutoencoderKL _vae;
    private readonly double _scalingFactor;

    public Sampler(StageContext context)
    {
        _context = context;
        _text = ClipStage.LoadTextTower(context);
        _unet = UnetStage.Load(context);
        _vae = DecoderStage.LoadBest(context);
        _scalingFactor = LatentSet.ScalingFactorOf(context.WorkDirectory);
    }

    /// <summary>One picture per prompt by DDIM with guidance, each from the noise of its own seed.</summary>
    /// <param name="prompts">What to draw.</param>
    /// <param name="seed">The first picture's seed; the next ones follow.</param>
    /// <param name="steps">Sampling steps.</param>
    /// <param name="guidance">Guidance scale.</param>
    public IReadOnlyList<Raster> Sample(IReadOnlyList<string> prompts, long seed, int steps = 25, double guidance = 3)
    {
        var pictures = new Raster[prompts.Count];
        Parallel.For(0, (prompts.Count + Chunk - 1) / Chunk, new ParallelOptions { MaxDegreeOfParallelism = _context.Threads }, i =>
        {
            set_num_threads(1);
            var chunk = prompts.Skip(i * Chunk).Take(Chunk).ToArray();
            SampleChunk(chunk, seed + i * Chunk, steps, guidance).CopyTo(pictures, i * Chunk);
        });
        return pictures;
    }

    /// <summary>Objects across, styles down, then mannequins.</summary>
    public Raster Sheet(long seed, double guidance = 3)
    {
        string[] prompts =
        [
            .. Vocabulary.Styles.SelectMany(style => Vocabulary.Objects.Select(o => $"a picture of {Captions.CaptionWriter.WithArticle(o)} in the style of {style}")),
            .. Enumerable.Repeat("a picture of a nude mannequin", Vocabulary.Objects.Count / 2),
            .. Enumerable.Repeat("a picture of a clothed mannequin", Vocabulary.Objects.Count / 2),
        ];
        return ContactSheet.Arrange(Sample(prompts, seed, guidance: guidance), Vocabulary.Objects.Count);
    }

    private Raster[] SampleChunk(string[] prompts, long seed, int steps, double guidance)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var text = _text.call(_context.Ids([.. prompts.Select(_ => ""), .. prompts])); // [2B, 20, C]
        var x = cat([.. prompts.Select((_, i) => Noise(seed + i))], 0); // [B, 4, 16, 16]
        var scheduler = new DdimScheduler(UnetStage.Schedule);
        scheduler.SetTimesteps(steps);
        foreach (var timestep in scheduler.Timesteps)
        {
            using var inner = NewDisposeScope();
            var both = _unet.call(cat([x, x], 0), tensor(new[] { (long)timestep }), text).chunk(2, 0);
            var epsilon = both[0] + (both[1] - both[0]) * guidance;
            var next = scheduler.Step(epsilon, timestep, x);
            x = next.MoveToOuterDisposeScope();
        }

        var pixels = (_vae.decode(x / _scalingFactor).clamp(-1, 1) + 1) * 127.5; // [B, 3, 64, 64]
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
        _text.Dispose();
        _unet.Dispose();
        _vae.Dispose();
    }
}
