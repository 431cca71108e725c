using System.Text.Json.Nodes;
using SafetyPortal.Diffusion.Checkpoints;

namespace SafetyPortal.Diffusion.Clip;

/// <summary>Sizes of a <see cref="ClipModel"/>, with the names and defaults of transformers' CLIPConfig.</summary>
public sealed record ClipConfig
{
    /// <summary>OpenAI's ViT-B/32.</summary>
    public static ClipConfig VitB32 { get; } = new() { Text = new ClipTextConfig { EosTokenId = 2 } };

    /// <summary>OpenAI's ViT-L/14.</summary>
    public static ClipConfig VitL14 { get; } = new()
    {
        Text = ClipTextConfig.Sd14,
        Vision = new ClipVisionConfig { HiddenSize = 1024, IntermediateSize = 4096, Layers = 24, Heads = 16, PatchSize = 14, ProjectionDim = 768 },
        ProjectionDim = 768,
    };

    public ClipTextConfig Text { get; init; } = new();

    public ClipVisionConfig Vision { get; init; } = new();

    /// <summary>Width of the space that texts and images share.</summary>
    public int ProjectionDim { get; init; } = 512;

    /// <summary>Logarithm of the inverse temperature at the start of training.</summary>
    public double LogitScaleInit { get; init; } = 2.6592;

    /// <exception cref="ModelFormatException">A value has the wrong type, is out of range, or contradicts another.</exception>
    public static ClipConfig From(ModelConfigFile file)
    {
        var absent = new ClipConfig();
        file.Support("model_type", "\"clip\"");
        // Older files repeat the sections under these names, which then win.
        return new ClipConfig
        {
            Text = ClipTextConfig.From(file.Section(file.Has("text_config_dict") ? "text_config_dict" : "text_config")),
            Vision = ClipVisionConfig.From(file.Section(file.Has("vision_config_dict") ? "vision_config_dict" : "vision_config")),
            ProjectionDim = file.Int32("projection_dim", absent.ProjectionDim, 1, 16384),
            LogitScaleInit = file.Number("logit_scale_init_value", absent.LogitScaleInit, -100, 100),
        };
    }

    /// <summary>Returns the configuration as transformers writes and reads it.</summary>
    public JsonObject ToJson() => new()
    {
        ["architectures"] = CheckpointFolder.ToJson(["CLIPModel"]),
        ["logit_scale_init_value"] = LogitScaleInit,
        ["model_type"] = "clip",
        ["projection_dim"] = ProjectionDim,
        ["text_config"] = Text.ToJson(),
        ["vision_config"] = Vision.ToJson(),
    };
}
