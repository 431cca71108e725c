using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Diffusion.Tokenizer;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Diffusion.Vae;
using SafetyPortal.Images;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion;

/// <summary>
/// Text to image by latent diffusion (Rombach et al. 2022, arXiv 2112.10752): encode the prompt, denoise a latent under
/// classifier-free guidance, decode it. Owns its networks. One call at a time; the networks are not thread-safe while their
/// weights are edited.
/// </summary>
public sealed partial class StableDiffusionPipeline : IDisposable
{
    private readonly ScalarType vaeDtype;

    /// <summary>Puts a pipeline together from its parts and checks that they fit.</summary>
    /// <param name="second">The second text encoder, of Stable Diffusion XL; null for the earlier models.</param>
    /// <exception cref="ModelFormatException">Two parts disagree on a size; the message names both.</exception>
    public StableDiffusionPipeline(
        ClipTokenizer tokenizer,
        ClipTextModel textEncoder,
        UNet2DConditionModel unet,
        AutoencoderKL vae,
        SchedulerConfig schedulerConfig,
        Device? device = null,
        ScalarType dtype = ScalarType.Float32,
        SecondTextEncoder? second = null)
    {
        (Tokenizer, TextEncoder, Unet, Vae, SchedulerConfig) = (tokenizer, textEncoder, unet, vae, schedulerConfig);
        (Device, Dtype, Second) = (device ?? CPU, dtype, second);
        vaeDtype = vae.parameters().First().dtype;
        new PipelineConfigs(tokenizer, textEncoder.Config, second?.Tokenizer, second?.Encoder.Config, unet.Config, vae.Config).RequireFit();
    }

    public ClipTokenizer Tokenizer { get; }

    public ClipTextModel TextEncoder { get; }

    /// <summary>The second text encoder of Stable Diffusion XL; null for the earlier models.</summary>
    public SecondTextEncoder? Second { get; }

    public UNet2DConditionModel Unet { get; }

    public AutoencoderKL Vae { get; }

    /// <summary>The model's own sampling settings; <see cref="SchedulerConfig.CreateScheduler"/> makes a scheduler of them.</summary>
    public SchedulerConfig SchedulerConfig { get; }

    public Device Device { get; }

    public ScalarType Dtype { get; }

    /// <summary>Height and width of an image when the settings name none.</summary>
    public int DefaultSize => Unet.Config.SampleSize * Vae.Config.Downsampling;

    /// <summary>Generates images of the settings' size.</summary>
    /// <param name="progress">Reports after each network call.</param>
    /// <param name="cancellation">Ends the work between network calls.</param>
    /// <exception cref="ArgumentException">The settings are out of range.</exception>
    public Raster[] Generate(GenerationSettings settings, IProgress<StepProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var latents = GenerateLatents(settings, progress, cancellation);
        return Decode(latents, cancellation);
    }

    /// <summary>Returns the denoised latents [B, C, h, w], before division by the autoencoder's scaling factor; <see cref="Decode"/> takes them.</summary>
    public Tensor GenerateLatents(GenerationSettings settings, IProgress<StepProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (settings.Problem(Vae.Config.Downsampling) is { } problem)
            throw new ArgumentException(problem, nameof(settings));
        using var scope = NewDisposeScope();
        using var noise = new SeededNoise(settings.Seeds, LatentShape(settings));
        return Denoise(settings, noise.Draw(), noise, afterStep: null, progress, cancellation).MoveToOuterDisposeScope();
    }

    /// <summary>Denoises the caller's noise and shows the latents on the way.</summary>
    /// <param name="settings">The size is that of <paramref name="unitNoise"/>; seeds serve the noise that steps add.</param>
    /// <param name="unitNoise">[B, C, h, w], standard normal.</param>
    /// <param name="afterStep">Receives index and latent after each step; must not keep the latent.</param>
    /// <param name="progress">Reports after each network call.</param>
    /// <param name="cancellation">Ends the work between network calls.</param>
    /// <returns>The latents [B, C, h, w] after the last step.</returns>
    public Tensor Denoise(
        GenerationSettings settings,
        Tensor unitNoise,
        Action<int, Tensor>? afterStep = null,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        if (unitNoise.dim() != 4 || unitNoise.size(0) != settings.Prompts.Count || unitNoise.size(1) != Unet.Config.InChannels)
        {
            throw new ArgumentException(
                $"Expected noise of shape [{settings.Prompts.Count}, {Unet.Config.InChannels}, h, w], got [{string.Join(", ", unitNoise.shape)}].",
                nameof(unitNoise));
        }

        if (settings.Problem(Vae.Config.Downsampling) is { } problem)
            throw new ArgumentException(problem, nameof(settings));
        using var noise = new SeededNoise(settings.Seeds, [.. unitNoise.shape.Skip(1)]);
        return Denoise(settings, unitNoise, noise, afterStep, progress, cancellation);
    }

    private Tensor Denoise(
        GenerationSettings settings,
        Tensor unitNoise,
        SeededNoise noise,
        Action<int, Tensor>? afterStep,
        IProgress<StepProgress>? progress,
        CancellationToken cancellation)
    {
        using var frozen = no_grad();
        using var outer = NewDisposeScope();
        var batch = settings.Prompts.Count;
        var guided = settings.GuidanceScale > 1;
        var scheduler = CreateScheduler(settings);
        using var history = scheduler as IDisposable;
        scheduler.SetTimesteps(settings.Steps);

        // Unconditional first; one network call predicts both.
        var (height, width) = ((int)unitNoise.size(2) * Vae.Config.Downsampling, (int)unitNoise.size(3) * Vae.Config.Downsampling);
        var conditions = EncodePrompts(settings.Prompts, height, width); // [B, T, D]
        if (guided)
            conditions = cat([EncodePrompts(Negative(settings), height, width), conditions]); // [2B, T, D]

        var latents = (unitNoise * scheduler.InitNoiseSigma).to(ScalarType.Float32, Device); // [B, C, h, w]
        for (var i = 0; i < scheduler.Timesteps.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var t = scheduler.Timesteps[i];
            var input = scheduler.ScaleModelInput(latents, t);
            var eps = Unet.call(guided ? cat([input, input]) : input, tensor([(float)t], device: Device), conditions); // [2B or B, C, h, w]
            if (guided)
            {
                var unconditional = eps.narrow(0, 0, batch);
                eps = unconditional + (eps.narrow(0, batch, batch) - unconditional) * settings.GuidanceScale;
            }

            var varianceNoise = settings.Eta > 0 ? noise.Draw().to(Device) : null;
            var next = scheduler.Step(eps, t, latents, varianceNoise);
            latents.Dispose();
            latents = next.MoveToOuterDisposeScope();
            afterStep?.Invoke(i, latents);
            progress?.Report(new StepProgress(i + 1, scheduler.Timesteps.Count));
        }

        return latents.MoveToOuterDisposeScope();
    }

    /// <summary>Returns pixels [B, 3, H, W] in 0..1 of denoised latents [B, C, h, w].</summary>
    /// <exception cref="ModelFormatException">The latents or the pixels are not finite.</exception>
    public Tensor DecodeToUnit(Tensor latents)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        Overflow.Refuse(latents, () => "the last step of the scheduler");
        var decoded = Vae.decode(latents.to(vaeDtype) / Vae.Config.ScalingFactor); // [B, 3, H, W] in -1..1
        return (Overflow.Refuse(decoded, () => $"the decoder of the VAE in {vaeDtype}") / 2 + 0.5).clamp(0, 1).MoveToOuterDisposeScope();
    }

    /// <summary>Decodes images of denoised latents, one at a time to bound memory.</summary>
    public Raster[] Decode(Tensor latents, CancellationToken cancellation = default)
    {
        var images = new Raster[latents.size(0)];
        for (var i = 0; i < images.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            images[i] = ToRaster(DecodeToUnit(latents.narrow(0, i, 1)));
        }

        return images;
    }

    public void Dispose()
    {
        TextEncoder.Dispose();
        Second?.Encoder.Dispose();
        Unet.Dispose();
        Vae.Dispose();
    }

    private IScheduler CreateScheduler(GenerationSettings settings)
    {
        var name = settings.Scheduler ?? SchedulerConfig.ClassName;
        if (settings.Eta == 0)
            return SchedulerConfig.CreateScheduler(name);
        return name == "DDIMScheduler"
            ? new DdimScheduler(SchedulerConfig, settings.Eta)
            : throw new ArgumentException($"Eta is {settings.Eta}, which only DDIMScheduler knows; the scheduler is {name}.", nameof(settings));
    }

    private static IReadOnlyList<string> Negative(GenerationSettings settings) => settings.NegativePrompts switch
    {
        null => [.. Enumerable.Repeat("", settings.Prompts.Count)],
        { Count: 1 } one => [.. Enumerable.Repeat(one[0], settings.Prompts.Count)],
        var each => each,
    };

    private long[] LatentShape(GenerationSettings settings)
    {
        var factor = Vae.Config.Downsampling;
        return [Unet.Config.InChannels, (settings.Height ?? DefaultSize) / factor, (settings.Width ?? DefaultSize) / factor];
    }

    private static Raster ToRaster(Tensor unit)
    {
        var pixels = (unit[0].to(ScalarType.Float32) * 255).round().to(ScalarType.Byte).permute(1, 2, 0).contiguous().cpu(); // [H, W, 3]
        return new((int)pixels.size(1), (int)pixels.size(0), 3, pixels.data<byte>().ToArray());
    }
}
