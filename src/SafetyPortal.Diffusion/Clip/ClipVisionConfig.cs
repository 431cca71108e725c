using System.Text.Json.Nodes;
using SafetyPortal.Diffusion.Checkpoints;

namespace SafetyPortal.Diffusion.Clip;

/// <summary>Sizes of CLIP's image tower, with the names and defaults of transformers' CLIPVisionConfig.</summary>
public sealed record ClipVisionConfig
{
    /// <summary>Width of a patch.</summary>
    public int HiddenSize { get; init; } = 768;

    /// <summary>Width inside the feed-forward layers.</summary>
    public int IntermediateSize { get; init; } = 3072;

    public int Layers { get; init; } = 12;

    public int Heads { get; init; } = 12;

    public int Channels { get; init; } = 3;

    /// <summary>Height and width of the images in pixels.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Height and width of a patch in pixels; divides <see cref="ImageSize"/>.</summary>
    public int PatchSize { get; init; } = 32;

    public ClipActivation Activation { get; init; } = ClipActivation.QuickGelu;

    public double LayerNormEps { get; init; } = 1e-5;

    /// <summary>Width of the space shared with texts.</summary>
    public int ProjectionDim { get; init; } = 512;

    /// <summary>Patches in an image.</summary>
    public int Patches => (ImageSize / PatchSize) * (ImageSize / PatchSize);

    /// <exception cref="ModelFormatException">A value has the wrong type, is out of range, or contradicts another.</exception>
    public static ClipVisionConfig From(ModelConfigFile file)
    {
        var absent = new ClipVisionConfig();
        file.Support("model_type", "\"clip_vision_model\"", "\"clip\"");
        file.Support("attention_dropout", "0");
        var config = new ClipVisionConfig
        {
            HiddenSize = file.Int32("hidden_size", absent.HiddenSize, 1, 16384),
            IntermediateSize = file.Int32("intermediate_size", absent.IntermediateSize, 1, 65536),
            Layers = file.Int32("num_hidden_layers", absent.Layers, 1, 128),
            Heads = file.Int32("num_attention_heads", absent.Heads, 1, 256),
            Channels = file.Int32("num_channels", absent.Channels, 1, 16),
            ImageSize = file.Int32("image_size", absent.ImageSize, 1, 4096),
            PatchSize = file.Int32("patch_size", absent.PatchSize, 1, 4096),
            Activation = ClipActivations.Parse(file),
            LayerNormEps = file.Number("layer_norm_eps", absent.LayerNormEps, 0, 1),
            ProjectionDim = file.Int32("projection_dim", absent.ProjectionDim, 1, 16384),
        };
        if (config.HiddenSize % config.Heads != 0)
            throw new ModelFormatException($"{file.Location}: hidden_size = {config.HiddenSize} is not a multiple of num_attention_heads = {config.Heads}");
        if (config.ImageSize % config.PatchSize != 0)
            throw new ModelFormatException($"{file.Location}: image_size = {config.ImageSize} is not a multiple of patch_size = {config.PatchSize}");
        return config;
    }

    /// <summary>Returns the configuration as transformers writes and reads it.</summary>
    public JsonObject ToJson() => new()
    {
        ["architectures"] = CheckpointFolder.ToJson(["CLIPVisionModel"]),
        ["attention_dropout"] = 0.0,
        ["hidden_act"] = Activation.Name(),
        ["hidden_size"] = HiddenSize,
        ["image_size"] = ImageSize,
        ["intermediate_size"] = IntermediateSize,
        ["layer_norm_eps"] = LayerNormEps,
        ["model_type"] = "clip_vision_model",
        ["num_attention_heads"] = Heads,
        ["num_channels"] = Channels,
        ["num_hidden_layers"] = Layers,
        ["patch_size"] = PatchSize,
        ["projection_dim"] = ProjectionDim,
    };
}
