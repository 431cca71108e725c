using System.Globalization;
using System.Text.Json.Nodes;
using SafetyPortal.Diffusion.Checkpoints;

namespace SafetyPortal.Diffusion.Unet;

/// <summary>Sizes of a <see cref="UNet2DConditionModel"/>, with the names and defaults of diffusers' <c>unet/config.json</c>.</summary>
public sealed record UNetConfig
{
    /// <summary>Down block with cross-attention after each ResNet block.</summary>
    public const string CrossAttentionDown = "CrossAttnDownBlock2D";

    /// <summary>Down block of ResNet blocks alone.</summary>
    public const string PlainDown = "DownBlock2D";

    /// <summary>Up block with cross-attention after each ResNet block.</summary>
    public const string CrossAttentionUp = "CrossAttnUpBlock2D";

    /// <summary>Up block of ResNet blocks alone.</summary>
    public const string PlainUp = "UpBlock2D";

    private const int MaxChannels = 1 << 14;
    private const int PublishedSampleSize = 64;

    /// <summary>Stable Diffusion 1.4 and 1.5.</summary>
    public static UNetConfig Sd14 { get; } = new() { CrossAttentionDim = 768 };

    /// <summary>Stable Diffusion 2.1, trained at 512 pixels; the one trained at 768 differs in its sample size and upcasts its attention.</summary>
    public static UNetConfig Sd21 { get; } = new()
    {
        CrossAttentionDim = 1024,
        AttentionHeads = new[] { 5, 10, 20, 20 },
        UseLinearProjection = true,
    };

    /// <summary>Stable Diffusion XL, base.</summary>
    public static UNetConfig Sdxl { get; } = new()
    {
        SampleSize = 128,
        DownBlockTypes = [PlainDown, CrossAttentionDown, CrossAttentionDown],
        UpBlockTypes = [CrossAttentionUp, CrossAttentionUp, PlainUp],
        BlockOutChannels = [320, 640, 1280],
        CrossAttentionDim = 2048,
        TransformerLayersPerBlock = new[] { 1, 2, 10 },
        AttentionHeads = new[] { 5, 10, 20 },
        UseLinearProjection = true,
        Added = AddedConditions.Sdxl,
    };

    /// <summary>Height and width of the latent the model was trained for; any other works.</summary>
    public int SampleSize { get; init; } = 64;

    public int InChannels { get; init; } = 4;

    public int OutChannels { get; init; } = 4;

    /// <summary>2x - 1 is applied to the input.</summary>
    public bool CenterInputSample { get; init; }

    /// <summary>Cosine before sine in the timestep embedding.</summary>
    public bool FlipSinToCos { get; init; } = true;

    public int FreqShift { get; init; }

    /// <summary>One of <see cref="CrossAttentionDown"/>, <see cref="PlainDown"/> per block, from full resolution down.</summary>
    public IReadOnlyList<string> DownBlockTypes { get; init; } = [CrossAttentionDown, CrossAttentionDown, CrossAttentionDown, PlainDown];

    /// <summary>One of <see cref="CrossAttentionUp"/>, <see cref="PlainUp"/> per block, from low resolution up.</summary>
    public IReadOnlyList<string> UpBlockTypes { get; init; } = [PlainUp, CrossAttentionUp, CrossAttentionUp, CrossAttentionUp];

    /// <summary>Channels per block, from full resolution down.</summary>
    public IReadOnlyList<int> BlockOutChannels { get; init; } = [320, 640, 1280, 1280];

    /// <summary>ResNet blocks in each down block; an up block has one more.</summary>
    public PerBlock LayersPerBlock { get; init; } = 2;

    /// <summary>Padding of the downsampling convolutions.</summary>
    public int DownsamplePadding { get; init; } = 1;

    /// <summary>The ResNet blocks in the middle divide their sum by it.</summary>
    public double MidBlockScaleFactor { get; init; } = 1;

    public int NormNumGroups { get; init; } = 32;

    public double NormEps { get; init; } = 1e-5;

    /// <summary>Width of the text embedding.</summary>
    public PerBlock CrossAttentionDim { get; init; } = 1280;

    /// <summary>Transformer blocks in each attention stage.</summary>
    public PerBlock TransformerLayersPerBlock { get; init; } = 1;

    /// <summary><c>attention_head_dim</c>, which in spite of its name is the number of heads.</summary>
    public PerBlock AttentionHeads { get; init; } = 8;

    /// <summary>Project tokens with linear layers instead of 1x1 convolutions.</summary>
    public bool UseLinearProjection { get; init; }

    /// <summary>Compute attention scores in float32 whatever the model's type.</summary>
    public bool UpcastAttention { get; init; }

    /// <summary>Further conditions of Stable Diffusion XL, <c>addition_embed_type</c> text_time; null for none.</summary>
    public AddedConditions? Added { get; init; }

    /// <summary>Width of the timestep embedding; null is four times the first block's channels.</summary>
    public int? TimeEmbeddingDim { get; init; }

    /// <summary>Kernel of the first convolution; odd.</summary>
    public int ConvInKernel { get; init; } = 3;

    /// <summary>Kernel of the last convolution; odd.</summary>
    public int ConvOutKernel { get; init; } = 3;

    /// <summary>Width of the timestep embedding.</summary>
    public int TimeChannels => TimeEmbeddingDim ?? (BlockOutChannels[0] * 4);

    /// <exception cref="ModelFormatException">Names a value that has the wrong type, is out of range or unsupported, or contradicts another.</exception>
    public static UNetConfig From(ModelConfigFile file)
    {
        var absent = new UNetConfig();
        file.Support("_class_name", "\"UNet2DConditionModel\"");
        file.Support("act_fn", "\"silu\"", "\"swish\"");
        file.Support("attention_type", "\"default\"");
        file.Support("class_embeddings_concat", "false");
        file.Support("dropout", "0");
        file.Support("dual_cross_attention", "false");
        file.Support("mid_block_type", "\"UNetMidBlock2DCrossAttn\"");
        file.Support("only_cross_attention", "false", "[false]");
        file.Support("mid_block_only_cross_attention", "false");
        file.Support("resnet_out_scale_factor", "1");
        file.Support("resnet_skip_time_act", "false");
        file.Support("resnet_time_scale_shift", "\"default\"");
        file.Support("time_embedding_type", "\"positional\"");
        foreach (var key in (string[])["class_embed_type", "cross_attention_norm", "encoder_hid_dim", "encoder_hid_dim_type",
                     "num_attention_heads", "num_class_embeds", "reverse_transformer_layers_per_block",
                     "time_cond_proj_dim", "time_embedding_act_fn", "timestep_post_act"])
        {
            file.Support(key);
        }

        file.Support("addition_embed_type", "\"text_time\"");

        var config = new UNetConfig
        {
            SampleSize = SampleSizeOf(file, absent.SampleSize),
            InChannels = file.Int32("in_channels", absent.InChannels, 1, 1024),
            OutChannels = file.Int32("out_channels", absent.OutChannels, 1, 1024),
            CenterInputSample = file.Flag("center_input_sample", absent.CenterInputSample),
            FlipSinToCos = file.Flag("flip_sin_to_cos", absent.FlipSinToCos),
            FreqShift = file.Int32("freq_shift", absent.FreqShift, 0, 1),
            DownBlockTypes = file.Texts("down_block_types", absent.DownBlockTypes, 8),
            UpBlockTypes = file.Texts("up_block_types", absent.UpBlockTypes, 8),
            BlockOutChannels = file.Int32s("block_out_channels", absent.BlockOutChannels, 1, MaxChannels, 8),
            LayersPerBlock = file.PerBlock("layers_per_block", absent.LayersPerBlock, 1, 16),
            DownsamplePadding = file.Int32("downsample_padding", absent.DownsamplePadding, 0, 1),
            MidBlockScaleFactor = file.Number("mid_block_scale_factor", absent.MidBlockScaleFactor, 1e-3, 1e3),
            NormNumGroups = file.Int32("norm_num_groups", absent.NormNumGroups, 1, MaxChannels),
            NormEps = file.Number("norm_eps", absent.NormEps, 0, 1),
            CrossAttentionDim = file.PerBlock("cross_attention_dim", absent.CrossAttentionDim, 1, MaxChannels),
            TransformerLayersPerBlock = file.PerBlock("transformer_layers_per_block", absent.TransformerLayersPerBlock, 1, 16),
            AttentionHeads = file.PerBlock("attention_head_dim", absent.AttentionHeads, 1, 1024),
            UseLinearProjection = file.Flag("use_linear_projection", absent.UseLinearProjection),
            UpcastAttention = file.Flag("upcast_attention", absent.UpcastAttention),
            Added = file.Has("addition_embed_type")
                ? new AddedConditions(
                    file.Int32("addition_time_embed_dim", 0, 1, MaxChannels),
                    file.Int32("projection_class_embeddings_input_dim", 0, 1, 8 * MaxChannels))
                : null,
            TimeEmbeddingDim = file.Has("time_embedding_dim") ? file.Int32("time_embedding_dim", 0, 1, 4 * MaxChannels) : null,
            ConvInKernel = file.Int32("conv_in_kernel", absent.ConvInKernel, 1, 15),
            ConvOutKernel = file.Int32("conv_out_kernel", absent.ConvOutKernel, 1, 15),
        };
        config.Validate($"{file.Location}: ");
        return config;
    }

    /// <summary>Checks that the settings fit each other.</summary>
    /// <param name="location">Precedes the message.</param>
    /// <exception cref="ModelFormatException">Two settings do not fit; the message names them.</exception>
    internal void Validate(string location = "")
    {
        var blocks = BlockOutChannels.Count;
        Expect(blocks > 0, "block_out_channels is empty");
        Expect(DownBlockTypes.Count == blocks, $"down_block_types has {DownBlockTypes.Count} entries, block_out_channels {blocks}");
        Expect(UpBlockTypes.Count == blocks, $"up_block_types has {UpBlockTypes.Count} entries, block_out_channels {blocks}");
        foreach (var type in DownBlockTypes)
            Expect(type is CrossAttentionDown or PlainDown, $"down_block_types: {type} is not supported; supported: {CrossAttentionDown}, {PlainDown}");
        foreach (var type in UpBlockTypes)
            Expect(type is CrossAttentionUp or PlainUp, $"up_block_types: {type} is not supported; supported: {CrossAttentionUp}, {PlainUp}");
        Fits("layers_per_block", LayersPerBlock);
        Fits("cross_attention_dim", CrossAttentionDim);
        Fits("transformer_layers_per_block", TransformerLayersPerBlock);
        Fits("attention_head_dim", AttentionHeads);
        Expect(Added is null or { SizeChannels: > 0, PooledChannels: > 0 },
            $"projection_class_embeddings_input_dim = {Added?.InputChannels} leaves no room for the pooled text beside {AddedConditions.Sizes} numbers of "
            + $"addition_time_embed_dim = {Added?.SizeChannels} channels");
        Expect(ConvInKernel % 2 == 1 && ConvOutKernel % 2 == 1, $"conv_in_kernel {ConvInKernel} and conv_out_kernel {ConvOutKernel} must be odd");
        for (var i = 0; i < blocks; i++)
        {
            var channels = BlockOutChannels[i];
            Expect(channels % NormNumGroups == 0, $"block_out_channels[{i}] = {channels} is not a multiple of norm_num_groups = {NormNumGroups}");
            var attends = DownBlockTypes[i] == CrossAttentionDown || UpBlockTypes[blocks - 1 - i] == CrossAttentionUp || i == blocks - 1;
            Expect(!attends || channels % AttentionHeads[i] == 0,
                $"block_out_channels[{i}] = {channels} is not a multiple of its number of heads (attention_head_dim) = {AttentionHeads[i]}");
        }

        void Fits(string name, PerBlock setting) => Expect(setting.Fits(blocks), $"{name} is {setting}; expected one number or {blocks}");

        void Expect(bool condition, string otherwise)
        {
            if (!condition)
                throw new ModelFormatException(location + otherwise);
        }
    }

    /// <summary>Returns the configuration as diffusers writes and reads it.</summary>
    public JsonObject ToJson() => new()
    {
        ["_class_name"] = nameof(UNet2DConditionModel),
        ["_diffusers_version"] = "0.30.3",
        ["act_fn"] = "silu",
        ["addition_embed_type"] = Added is null ? null : "text_time",
        ["addition_time_embed_dim"] = Added?.SizeChannels,
        ["attention_head_dim"] = AttentionHeads.ToJson(),
        ["block_out_channels"] = CheckpointFolder.ToJson(BlockOutChannels),
        ["center_input_sample"] = CenterInputSample,
        ["conv_in_kernel"] = ConvInKernel,
        ["conv_out_kernel"] = ConvOutKernel,
        ["cross_attention_dim"] = CrossAttentionDim.ToJson(),
        ["down_block_types"] = CheckpointFolder.ToJson(DownBlockTypes),
        ["downsample_padding"] = DownsamplePadding,
        ["flip_sin_to_cos"] = FlipSinToCos,
        ["freq_shift"] = FreqShift,
        ["in_channels"] = InChannels,
        ["layers_per_block"] = LayersPerBlock.ToJson(),
        ["mid_block_scale_factor"] = MidBlockScaleFactor,
        ["norm_eps"] = NormEps,
        ["norm_num_groups"] = NormNumGroups,
        ["out_channels"] = OutChannels,
        ["projection_class_embeddings_input_dim"] = Added?.InputChannels,
        ["sample_size"] = SampleSize,
        ["time_embedding_dim"] = TimeEmbeddingDim,
        ["transformer_layers_per_block"] = TransformerLayersPerBlock.ToJson(),
        ["up_block_types"] = CheckpointFolder.ToJson(UpBlockTypes),
        ["upcast_attention"] = UpcastAttention,
        ["use_linear_projection"] = UseLinearProjection,
    };

    // Before 0.9.0 diffusers wrote its default instead of the size of the training, and its pipeline takes 64 for it.
    private static int SampleSizeOf(ModelConfigFile file, int absent)
    {
        var size = file.Int32("sample_size", absent, 1, 4096);
        var version = file.Text("_diffusers_version", "").Split('.');
        var isEarly = version is ["0", var minor, ..] && int.TryParse(minor, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < 9;
        return isEarly ? Math.Max(size, PublishedSampleSize) : size;
    }
}
