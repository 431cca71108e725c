using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Diffusion.Vae;
using SafetyPortal.Lab.DemoWorld.Captions;

namespace SafetyPortal.Lab.DemoWorld.Stages;

/// <summary>Sizes of the embedded model's networks; with the defaults two cores train them in about two hours.</summary>
public sealed record DemoRecipe
{
    /// <summary>Pictures to train on.</summary>
    public int Pictures { get; init; } = 48_000;

    /// <summary>Pictures no network trains on, from another seed.</summary>
    public int HeldOut { get; init; } = 1_024;

    /// <summary>Seed of the training pictures; held-out ones use the next.</summary>
    public long PictureSeed { get; init; } = 20_261;

    public int TextWidth { get; init; } = 96;

    public int TextLayers { get; init; } = 3;

    public int ImageWidth { get; init; } = 128;

    public int ImageLayers { get; init; } = 4;

    public IReadOnlyList<int> UnetChannels { get; init; } = [48, 96, 144];

    public int UnetGroups { get; init; } = 12;

    public IReadOnlyList<int> VaeChannels { get; init; } = [16, 32, 64];

    public int VaeGroups { get; init; } = 4;

    /// <summary>Both CLIP towers; the text tower alone becomes the diffusion model's text encoder.</summary>
    /// <param name="vocabulary">Tokens in the vocabulary; the end token is the last.</param>
    public ClipConfig Clip(int vocabulary) => new()
    {
        ProjectionDim = TextWidth,
        Text = new ClipTextConfig
        {
            VocabSize = vocabulary,
            HiddenSize = TextWidth,
            IntermediateSize = 4 * TextWidth,
            Layers = TextLayers,
            Heads = 4,
            MaxPositions = TokenizerLearner.MaxLength,
            ProjectionDim = TextWidth,
            BosTokenId = vocabulary - 2,
            EosTokenId = vocabulary - 1,
            PadTokenId = vocabulary - 1,
        },
        Vision = new ClipVisionConfig
        {
            HiddenSize = ImageWidth,
            IntermediateSize = 4 * ImageWidth,
            Layers = ImageLayers,
            Heads = 4,
            PatchSize = 8,
            ImageSize = World.SceneRenderer.Side,
            ProjectionDim = TextWidth,
        },
    };

    /// <param name="scalingFactor">1 / standard deviation of the latents; 1 while it is not known.</param>
    public VaeConfig Vae(double scalingFactor) => new()
    {
        BlockOutChannels = VaeChannels,
        NormNumGroups = VaeGroups,
        LayersPerBlock = 1,
        SampleSize = World.SceneRenderer.Side,
        ScalingFactor = scalingFactor,
    };

    /// <summary>Cross-attention at all but the finest resolution.</summary>
    public UNetConfig Unet() => new()
    {
        SampleSize = World.SceneRenderer.Side / 4,
        BlockOutChannels = UnetChannels,
        DownBlockTypes = [UNetConfig.PlainDown, .. UnetChannels.Skip(1).Select(_ => UNetConfig.CrossAttentionDown)],
        UpBlockTypes = [.. UnetChannels.Skip(1).Select(_ => UNetConfig.CrossAttentionUp), UNetConfig.PlainUp],
        LayersPerBlock = 1,
        CrossAttentionDim = TextWidth,
        AttentionHeads = 4,
        NormNumGroups = UnetGroups,
    };
}
