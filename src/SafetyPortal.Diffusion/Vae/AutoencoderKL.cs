using SafetyPortal.Diffusion.Checkpoints;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Vae;

/// <summary>
/// The autoencoder of Stable Diffusion (Rombach et al. 2022, section 3.1), with the parameter names and order of diffusers' class of
/// the same name. Images are [B, 3, H, W] in -1..1; latents are not scaled here, see <see cref="VaeConfig.ScalingFactor"/>.
/// </summary>
public sealed class AutoencoderKL : nn.Module<Tensor, Tensor>
{
    private static readonly (string Old, string New)[] AttentionNames =
        [(".query.", ".to_q."), (".key.", ".to_k."), (".value.", ".to_v."), (".proj_attn.", ".to_out.0.")];

    private readonly Encoder encoder;
    private readonly Decoder decoder;
    private readonly Conv2d? quant_conv;
    private readonly Conv2d? post_quant_conv;

    /// <summary>Builds the network with PyTorch's default random initialisation, drawn from the global generator.</summary>
    /// <exception cref="ModelFormatException">The configuration contradicts itself.</exception>
    public AutoencoderKL(VaeConfig config, Device? device = null)
        : base(nameof(AutoencoderKL))
    {
        config.Validate();
        Config = config;
        encoder = new Encoder(config, device);
        decoder = new Decoder(config, device);
        if (config.UseQuantConv)
            quant_conv = nn.Conv2d(2 * config.LatentChannels, 2 * config.LatentChannels, 1, device: device);
        if (config.UsePostQuantConv)
            post_quant_conv = nn.Conv2d(config.LatentChannels, config.LatentChannels, 1, device: device);
        RegisterComponents();
    }

    public VaeConfig Config { get; }

    /// <summary>Returns names and shapes of the parameters of a configuration, in order; allocates none of them.</summary>
    public static IReadOnlyList<ParameterShape> ParameterShapes(VaeConfig config) =>
        ParameterShape.Of(device => new AutoencoderKL(config, device));

    /// <summary>Returns the present name of a tensor. Files of the first diffusers releases name the attention matrices otherwise.</summary>
    public static string ModernName(string checkpointName) => Rename(checkpointName, AttentionNames);

    /// <summary>Returns the name of a tensor in files of the first diffusers releases; the inverse of <see cref="ModernName"/>.</summary>
    public static string FormerName(string name) => Rename(name, AttentionNames.Select(n => (n.New, n.Old)));

    /// <summary>Loads <c>config.json</c> and <c>diffusion_pytorch_model.safetensors</c> from a folder, in evaluation mode.</summary>
    /// <param name="folder">The <c>vae</c> folder of a diffusers model.</param>
    /// <param name="device">Where to put it; null is the CPU.</param>
    /// <param name="dtype">The type to compute in; the file may hold another.</param>
    /// <exception cref="ModelFormatException">Says what is wrong with the configuration or the weights.</exception>
    public static AutoencoderKL Load(string folder, Device? device = null, ScalarType dtype = ScalarType.Float32)
    {
        var config = VaeConfig.From(CheckpointFolder.OpenConfig(folder));
        using var weights = CheckpointFolder.OpenWeights(folder, CheckpointFolder.DiffusersStem);
        return ModuleWeights.Load(on => new AutoencoderKL(config, on), weights, device, dtype, ModernName);
    }

    /// <summary>Writes a folder that diffusers and <see cref="Load"/> read.</summary>
    /// <param name="folder">Created if absent.</param>
    /// <param name="dtype">The type to store; null keeps the parameters' own.</param>
    public void Save(string folder, ScalarType? dtype = null) =>
        CheckpointFolder.Save(folder, CheckpointFolder.DiffusersStem, Config.ToJson(), this, dtype);

    /// <param name="image">[B, in, H, W] in -1..1; H and W multiples of <see cref="VaeConfig.Downsampling"/>.</param>
    /// <returns>Distribution of the latent, [B, latent, H/f, W/f]; the caller disposes it.</returns>
    /// <exception cref="ArgumentException">The shape differs from this.</exception>
    public LatentDistribution encode(Tensor image)
    {
        if (image.dim() != 4 || image.shape[1] != Config.InChannels || image.shape[2] % Config.Downsampling != 0 || image.shape[3] % Config.Downsampling != 0)
        {
            var expected = $"[B, {Config.InChannels}, H, W] with H and W multiples of {Config.Downsampling}";
            throw new ArgumentException($"Expected images of shape {expected}, got [{string.Join(", ", image.shape)}].", nameof(image));
        }

        using var moments = encoder.call(image); // [B, 2 * latent, H/f, W/f]
        if (quant_conv is null)
            return new LatentDistribution(moments);
        using var quantised = quant_conv.call(moments);
        return new LatentDistribution(quantised);
    }

    /// <param name="latent">[B, latent, h, w], already divided by the scaling factor.</param>
    /// <returns>[B, out, h*f, w*f], about -1..1; not clamped.</returns>
    /// <exception cref="ArgumentException">The shape differs from this.</exception>
    public Tensor decode(Tensor latent)
    {
        if (latent.dim() != 4 || latent.shape[1] != Config.LatentChannels)
        {
            throw new ArgumentException(
                $"Expected latents of shape [B, {Config.LatentChannels}, h, w], got [{string.Join(", ", latent.shape)}].", nameof(latent));
        }

        if (post_quant_conv is null)
            return decoder.call(latent);
        using var quantised = post_quant_conv.call(latent);
        return decoder.call(quantised);
    }

    /// <summary>Encodes, takes the mean, decodes.</summary>
    /// <param name="input">As for <see cref="encode"/>.</param>
    /// <returns>The reconstruction, of the same shape.</returns>
    public override Tensor forward(Tensor input)
    {
        using var latent = encode(input);
        return decode(latent.Mean);
    }

    private static string Rename(string name, IEnumerable<(string From, string To)> names) => name.Contains(".attentions.", StringComparison.Ordinal)
        ? names.Aggregate(name, (renamed, pair) => renamed.Replace(pair.From, pair.To, StringComparison.Ordinal))
        : name;
}
