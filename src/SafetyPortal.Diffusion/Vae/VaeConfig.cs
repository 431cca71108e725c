using System.Text.Json.Nodes;
using SafetyPortal.Diffusion.Checkpoints;

namespace SafetyPortal.Diffusion.Vae;

/// <summary>Sizes of an <see cref="AutoencoderKL"/>, with the names and defaults of diffusers' <c>vae/config.json</c>.</summary>
public sealed record VaeConfig
{
    private const int MaxChannels = 1 << 14;
    private const string EncoderBlock = "DownEncoderBlock2D";
    private const string DecoderBlock = "UpDecoderBlock2D";

    /// <summary>Stable Diffusion 1.x and 2.x; XL's differs in its scaling factor.</summary>
    public static VaeConfig Sd1 { get; } = new() { BlockOutChannels = [128, 256, 512, 512], LayersPerBlock = 2, SampleSize = 512 };

    public int InChannels { get; init; } = 3;

    public int OutChannels { get; init; } = 3;

    /// <summary>Channels per block, from full resolution down. Each block but the last halves the resolution.</summary>
    public IReadOnlyList<int> BlockOutChannels { get; init; } = [64];

    /// <summary>ResNet blocks in each encoder block; a decoder block has one more.</summary>
    public int LayersPerBlock { get; init; } = 1;

    public int LatentChannels { get; init; } = 4;

    public int NormNumGroups { get; init; } = 32;

    /// <summary>Height and width of the images it was trained for; any multiple of <see cref="Downsampling"/> works.</summary>
    public int SampleSize { get; init; } = 32;

    /// <summary>Latents are multiplied by it to have unit variance for the noise predictor.</summary>
    public double ScalingFactor { get; init; } = 0.18215;

    /// <summary>Whether the middle blocks attend.</summary>
    public bool MidBlockAddAttention { get; init; } = true;

    /// <summary>Stable Diffusion XL decodes in single precision, since activations overflow half precision. diffusers ignores it for other models.</summary>
    public bool ForceUpcast { get; init; } = true;

    public bool UseQuantConv { get; init; } = true;

    public bool UsePostQuantConv { get; init; } = true;

    /// <summary>Image pixels per latent pixel along each side; 8 in Stable Diffusion.</summary>
    public int Downsampling => 1 << (BlockOutChannels.Count - 1);

    /// <exception cref="ModelFormatException">Names a value that has the wrong type, is out of range or unsupported, or contradicts another.</exception>
    public static VaeConfig From(ModelConfigFile file)
    {
        var absent = new VaeConfig();
        file.Support("_class_name", "\"AutoencoderKL\"");
        file.Support("act_fn", "\"silu\"", "\"swish\"");
        file.Support("shift_factor", "0");
        file.Support("latents_mean");
        file.Support("latents_std");
        var config = new VaeConfig
        {
            InChannels = file.Int32("in_channels", absent.InChannels, 1, 1024),
            OutChannels = file.Int32("out_channels", absent.OutChannels, 1, 1024),
            BlockOutChannels = file.Int32s("block_out_channels", absent.BlockOutChannels, 1, MaxChannels, 8),
            LayersPerBlock = file.Int32("layers_per_block", absent.LayersPerBlock, 1, 16),
            LatentChannels = file.Int32("latent_channels", absent.LatentChannels, 1, 1024),
            NormNumGroups = file.Int32("norm_num_groups", absent.NormNumGroups, 1, MaxChannels),
            SampleSize = file.Int32("sample_size", absent.SampleSize, 1, 1 << 16),
            ScalingFactor = file.Number("scaling_factor", absent.ScalingFactor, 1e-6, 1e6),
            MidBlockAddAttention = file.Flag("mid_block_add_attention", absent.MidBlockAddAttention),
            ForceUpcast = file.Flag("force_upcast", absent.ForceUpcast),
            UseQuantConv = file.Flag("use_quant_conv", absent.UseQuantConv),
            UsePostQuantConv = file.Flag("use_post_quant_conv", absent.UsePostQuantConv),
        };
        CheckBlocks(file, "down_block_types", EncoderBlock, config.BlockOutChannels.Count);
        CheckBlocks(file, "up_block_types", DecoderBlock, config.BlockOutChannels.Count);
        config.Validate($"{file.Location}: ");
        return config;
    }

    /// <summary>Checks that the settings fit each other.</summary>
    /// <param name="location">Precedes the message.</param>
    /// <exception cref="ModelFormatException">Two settings do not fit; the message names them.</exception>
    internal void Validate(string location = "")
    {
        if (BlockOutChannels.Count == 0)
            throw new ModelFormatException(location + "block_out_channels is empty");
        foreach (var channels in BlockOutChannels)
        {
            if (channels % NormNumGroups != 0)
                throw new ModelFormatException($"{location}block_out_channels has {channels}, which is not a multiple of norm_num_groups = {NormNumGroups}");
        }
    }

    /// <summary>Returns the configuration as diffusers writes and reads it.</summary>
    public JsonObject ToJson() => new()
    {
        ["_class_name"] = nameof(AutoencoderKL),
        ["_diffusers_version"] = "0.30.3",
        ["act_fn"] = "silu",
        ["block_out_channels"] = CheckpointFolder.ToJson(BlockOutChannels),
        ["down_block_types"] = CheckpointFolder.ToJson(BlockOutChannels.Select(_ => EncoderBlock)),
        ["force_upcast"] = ForceUpcast,
        ["in_channels"] = InChannels,
        ["latent_channels"] = LatentChannels,
        ["layers_per_block"] = LayersPerBlock,
        ["mid_block_add_attention"] = MidBlockAddAttention,
        ["norm_num_groups"] = NormNumGroups,
        ["out_channels"] = OutChannels,
        ["sample_size"] = SampleSize,
        ["scaling_factor"] = ScalingFactor,
        ["up_block_types"] = CheckpointFolder.ToJson(BlockOutChannels.Select(_ => DecoderBlock)),
        ["use_post_quant_conv"] = UsePostQuantConv,
        ["use_quant_conv"] = UseQuantConv,
    };

    private static void CheckBlocks(ModelConfigFile file, string key, string supported, int count)
    {
        // diffusers' default is a single block.
        var types = file.Texts(key, [supported], 8);
        if (types.Count != count)
            throw new ModelFormatException($"{file.Location}: {key} has {types.Count} entries, block_out_channels {count}");
        if (types.FirstOrDefault(t => t != supported) is { } other)
            throw new ModelFormatException($"{file.Location}: {key}: {other} is not supported; supported: {supported}");
    }
}
