using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Layers;
using SafetyPortal.Diffusion.Safetensors;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Unet;

/// <summary>
/// The noise predictor of Stable Diffusion 1.x and 2.x (Rombach et al. 2022, section 3.3) and XL (Podell et al. 2023, arXiv 2307.01952), with the
/// parameter names and order of diffusers' class of the same name.
/// </summary>
public sealed class UNet2DConditionModel : nn.Module<Tensor, Tensor, Tensor, Tensor>
{
    private readonly Conv2d conv_in;
    private readonly Timesteps time_proj;
    private readonly TimestepEmbedding time_embedding;
    private readonly Timesteps? add_time_proj;
    private readonly TimestepEmbedding? add_embedding;
    private readonly ModuleList<UNetDownBlock> down_blocks;
    private readonly ModuleList<UNetUpBlock> up_blocks;
    private readonly UNetMidBlock mid_block;
    private readonly GroupNorm conv_norm_out;
    private readonly Conv2d conv_out;

    /// <summary>Builds the network with PyTorch's default random initialisation, drawn from the global generator.</summary>
    /// <exception cref="ModelFormatException">The configuration contradicts itself.</exception>
    public UNet2DConditionModel(UNetConfig config, Device? device = null)
        : base(nameof(UNet2DConditionModel))
    {
        config.Validate();
        Config = config;
        var first = config.BlockOutChannels[0];
        var blocks = config.BlockOutChannels.Count;
        conv_in = nn.Conv2d(config.InChannels, first, config.ConvInKernel, 1, config.ConvInKernel / 2, device: device);
        time_proj = new Timesteps(first, config.FlipSinToCos, config.FreqShift);
        time_embedding = new TimestepEmbedding(first, config.TimeChannels, device);
        if (config.Added is { } added)
        {
            add_time_proj = new Timesteps(added.SizeChannels, config.FlipSinToCos, config.FreqShift);
            add_embedding = new TimestepEmbedding(added.InputChannels, config.TimeChannels, device);
        }

        down_blocks = nn.ModuleList(Enumerable.Range(0, blocks).Select(i => new UNetDownBlock(config, i, device)).ToArray());
        up_blocks = nn.ModuleList(Enumerable.Range(0, blocks).Select(i => new UNetUpBlock(config, i, device)).ToArray());
        mid_block = new UNetMidBlock(config, device);
        conv_norm_out = Norms.Group(config.NormNumGroups, first, config.NormEps, device);
        conv_out = nn.Conv2d(first, config.OutChannels, config.ConvOutKernel, 1, config.ConvOutKernel / 2, device: device);
        RegisterComponents();
    }

    public UNetConfig Config { get; }

    internal ModuleList<UNetDownBlock> Down => down_blocks;

    internal UNetMidBlock Middle => mid_block;

    internal ModuleList<UNetUpBlock> Up => up_blocks;

    /// <summary>Returns names and shapes of the parameters of a configuration, in order; allocates none of them.</summary>
    public static IReadOnlyList<ParameterShape> ParameterShapes(UNetConfig config) =>
        ParameterShape.Of(device => new UNet2DConditionModel(config, device));

    /// <summary>Loads <c>config.json</c> and <c>diffusion_pytorch_model.safetensors</c> from a folder, in evaluation mode.</summary>
    /// <param name="folder">The <c>unet</c> folder of a diffusers model.</param>
    /// <param name="device">Where to put it; null is the CPU.</param>
    /// <param name="dtype">The type to compute in; the file may hold another.</param>
    /// <exception cref="ModelFormatException">Says what is wrong with the configuration or the weights.</exception>
    public static UNet2DConditionModel Load(string folder, Device? device = null, ScalarType dtype = ScalarType.Float32)
    {
        var config = UNetConfig.From(CheckpointFolder.OpenConfig(folder));
        using var weights = OpenWeights(folder);
        return ModuleWeights.Load(on => new UNet2DConditionModel(config, on), weights, device, dtype);
    }

    /// <summary>Opens the weights of a folder without loading them, under their names in the network.</summary>
    /// <exception cref="ModelFormatException">There are none, or the file is damaged.</exception>
    public static ITensorSource OpenWeights(string folder) => CheckpointFolder.OpenWeights(folder, CheckpointFolder.DiffusersStem);

    /// <summary>Writes a folder that diffusers and <see cref="Load"/> read.</summary>
    /// <param name="folder">Created if absent.</param>
    /// <param name="dtype">The type to store; null keeps the parameters' own.</param>
    public void Save(string folder, ScalarType? dtype = null) =>
        CheckpointFolder.Save(folder, CheckpointFolder.DiffusersStem, Config.ToJson(), this, dtype);

    /// <summary>Predicts the noise in a latent.</summary>
    /// <param name="sample">[B, in, H, W], any H and W</param>
    /// <param name="timesteps">[B], or [1] for the same timestep throughout; any number type</param>
    /// <param name="encoderHiddenStates">[B, S, cross_attention_dim], any S; for XL what <see cref="AddedConditions.Pack"/> returned.</param>
    /// <returns>[B, out, H, W], of the sample's type; computed in that of the weights.</returns>
    /// <exception cref="ArgumentException">A shape differs from these.</exception>
    /// <exception cref="ModelFormatException">The prediction is not finite.</exception>
    public override Tensor forward(Tensor sample, Tensor timesteps, Tensor encoderHiddenStates)
    {
        Check(sample, timesteps, encoderHiddenStates);
        using var scope = NewDisposeScope();

        // 1. Timestep and text.
        var condition = Condition(timesteps, encoderHiddenStates);

        // 2. Down; every intermediate map is kept for the way up.
        var x = Enter(sample); // [B, C0, H, W]
        var skips = new Stack<Tensor>([x]);
        foreach (var block in down_blocks)
        {
            foreach (var output in block.call(x, condition))
                skips.Push(output);
            x = skips.Peek(); // [B, Ci, H/2^i, W/2^i]
        }

        // 3. Middle.
        x = mid_block.call(x, condition); // [B, Cn, h, w]

        // 4. Up.
        foreach (var block in up_blocks)
        {
            var previous = x;
            x = block.call(x, skips, condition); // [B, Ci, H/2^i, W/2^i]
            previous.Dispose();
        }

        // 5. Noise.
        return Finite(Leave(x).to(sample.dtype), timesteps).MoveToOuterDisposeScope(); // [B, out, H, W]
    }

    /// <summary>The same prediction for a backward pass that holds the graph of one block at a time.</summary>
    /// <inheritdoc cref="forward" path="/param"/>
    /// <exception cref="ArgumentException">A shape differs from these.</exception>
    public CheckpointedPrediction Checkpointed(Tensor sample, Tensor timesteps, Tensor encoderHiddenStates)
    {
        Check(sample, timesteps, encoderHiddenStates);
        return new CheckpointedPrediction(this, sample, timesteps, encoderHiddenStates);
    }

    // Blocks compute in the type of the weights; callers keep latents in float32, since a sampler adds many small steps.
    private ScalarType Type => conv_in.weight.dtype;

    internal Conditioning Condition(Tensor timesteps, Tensor encoderHiddenStates)
    {
        var text = encoderHiddenStates.to(Type); // [B, S, text]
        var time = time_embedding.call(time_proj.call(timesteps.reshape(-1)).to(Type)); // [B or 1, time]
        if (Config.Added is { } added)
        {
            (text, var pooled, var sizes) = added.Unpack(text);
            var embedded = add_time_proj!.call(sizes.reshape(-1)).reshape(sizes.shape[0], -1).to(Type); // [B, 6 * size]
            time = time + add_embedding!.call(cat([pooled, embedded], 1)); // [B, time]
        }

        return new Conditioning(nn.functional.silu(time), text);
    }

    internal Tensor Enter(Tensor sample)
    {
        var typed = sample.to(Type);
        return conv_in.call(Config.CenterInputSample ? (2 * typed) - 1 : typed); // [B, C0, H, W]
    }

    internal static Tensor Finite(Tensor noise, Tensor timesteps) => Overflow.Refuse(noise, () =>
    {
        var distinct = timesteps.to(ScalarType.Float32).cpu().reshape(-1).data<float>().ToArray().Distinct();
        return $"the UNet at timestep {string.Join(", ", distinct)}";
    });

    internal Tensor Leave(Tensor x) => conv_out.call(Reuse.Silu(conv_norm_out.call(x))); // [B, out, H, W]

    private void Check(Tensor sample, Tensor timesteps, Tensor text)
    {
        if (sample.dim() != 4 || sample.shape[1] != Config.InChannels)
            throw new ArgumentException($"Expected a sample of shape [B, {Config.InChannels}, H, W], got [{string.Join(", ", sample.shape)}].", nameof(sample));
        var batch = sample.shape[0];
        if (timesteps.dim() > 1 || (timesteps.numel() != 1 && timesteps.numel() != batch))
            throw new ArgumentException($"Expected 1 or {batch} timesteps, got shape [{string.Join(", ", timesteps.shape)}].", nameof(timesteps));
        var rows = Config.Added?.Rows(Config.CrossAttentionDim[0]) ?? 0;
        if (text.dim() != 3 || text.shape[0] != batch || text.shape[2] != Config.CrossAttentionDim[0] || text.shape[1] <= rows)
        {
            var expected = $"[{batch}, S, {Config.CrossAttentionDim[0]}]{(rows > 0 ? $" with {rows} added rows" : "")}";
            throw new ArgumentException($"Expected a text embedding of shape {expected}, got [{string.Join(", ", text.shape)}].", nameof(text));
        }
    }
}
