using System.Text.Json.Nodes;
using SafetyPortal.Diffusion.Checkpoints;

namespace SafetyPortal.Diffusion.Clip;

/// <summary>Sizes of a <see cref="ClipTextModel"/>, with the names and defaults of transformers' CLIPTextConfig.</summary>
public sealed record ClipTextConfig
{
    internal const string PlainClass = "CLIPTextModel";
    internal const string ProjectionClass = "CLIPTextModelWithProjection";

    /// <summary>The text encoder of Stable Diffusion 1.x and the first of XL, which is that of CLIP ViT-L/14.</summary>
    public static ClipTextConfig Sd14 { get; } = new()
    {
        HiddenSize = 768,
        IntermediateSize = 3072,
        Layers = 12,
        Heads = 12,
        ProjectionDim = 768,
        EosTokenId = 2,
    };

    public int VocabSize { get; init; } = 49408;

    /// <summary>Width of a token.</summary>
    public int HiddenSize { get; init; } = 512;

    /// <summary>Width inside the feed-forward layers.</summary>
    public int IntermediateSize { get; init; } = 2048;

    public int Layers { get; init; } = 12;

    public int Heads { get; init; } = 8;

    /// <summary>Longest text in tokens, with start and end.</summary>
    public int MaxPositions { get; init; } = 77;

    public ClipActivation Activation { get; init; } = ClipActivation.QuickGelu;

    public double LayerNormEps { get; init; } = 1e-5;

    /// <summary>
    /// The token whose row is the pooled output. 2, a slip in the published configurations, means the largest id in the text: the end token of the
    /// original vocabulary.
    /// </summary>
    public int EosTokenId { get; init; } = 49407;

    public int BosTokenId { get; init; } = 49406;

    public int PadTokenId { get; init; } = 1;

    /// <summary>Width of the space shared with images.</summary>
    public int ProjectionDim { get; init; } = 512;

    /// <summary>Whether the network ends in a projection to <see cref="ProjectionDim"/> (transformers' CLIPTextModelWithProjection).</summary>
    public bool WithProjection { get; init; }

    /// <summary>Stable Diffusion 2.x: OpenCLIP ViT-H/14 without its last layer.</summary>
    public static ClipTextConfig Sd21 { get; } = new()
    {
        HiddenSize = 1024,
        IntermediateSize = 4096,
        Layers = 23,
        Heads = 16,
        Activation = ClipActivation.Gelu,
        ProjectionDim = 512,
        EosTokenId = 2,
    };

    /// <summary>The second text encoder of Stable Diffusion XL: OpenCLIP ViT-bigG/14.</summary>
    public static ClipTextConfig SdxlSecond { get; } = new()
    {
        HiddenSize = 1280,
        IntermediateSize = 5120,
        Layers = 32,
        Heads = 20,
        Activation = ClipActivation.Gelu,
        ProjectionDim = 1280,
        EosTokenId = 2,
        WithProjection = true,
    };

    /// <exception cref="ModelFormatException">A value has the wrong type, is out of range, or contradicts another.</exception>
    public static ClipTextConfig From(ModelConfigFile file)
    {
        var absent = new ClipTextConfig();
        file.Support("model_type", "\"clip_text_model\"", "\"clip\"");
        file.Support("attention_dropout", "0");
        file.Support("use_attention_mask", "false"); // the encoder reads a prompt with its padding
        var classes = file.Texts("architectures", [PlainClass], 4);
        var config = new ClipTextConfig
        {
            VocabSize = file.Int32("vocab_size", absent.VocabSize, 1, 1_000_000),
            HiddenSize = file.Int32("hidden_size", absent.HiddenSize, 1, 16384),
            IntermediateSize = file.Int32("intermediate_size", absent.IntermediateSize, 1, 65536),
            Layers = file.Int32("num_hidden_layers", absent.Layers, 1, 128),
            Heads = file.Int32("num_attention_heads", absent.Heads, 1, 256),
            MaxPositions = file.Int32("max_position_embeddings", absent.MaxPositions, 2, 4096),
            Activation = ClipActivations.Parse(file),
            LayerNormEps = file.Number("layer_norm_eps", absent.LayerNormEps, 0, 1),
            EosTokenId = file.Int32("eos_token_id", absent.EosTokenId, 0, 1_000_000),
            BosTokenId = file.Int32("bos_token_id", absent.BosTokenId, 0, 1_000_000),
            PadTokenId = file.Int32("pad_token_id", absent.PadTokenId, 0, 1_000_000),
            ProjectionDim = file.Int32("projection_dim", absent.ProjectionDim, 1, 16384),
            WithProjection = classes.Contains(ProjectionClass, StringComparer.Ordinal),
        };
        if (config.HiddenSize % config.Heads != 0)
            throw new ModelFormatException($"{file.Location}: hidden_size = {config.HiddenSize} is not a multiple of num_attention_heads = {config.Heads}");
        return config;
    }

    /// <summary>Returns the configuration as transformers writes and reads it.</summary>
    public JsonObject ToJson() => new()
    {
        ["architectures"] = CheckpointFolder.ToJson([WithProjection ? ProjectionClass : PlainClass]),
        ["attention_dropout"] = 0.0,
        ["bos_token_id"] = BosTokenId,
        ["eos_token_id"] = EosTokenId,
        ["hidden_act"] = Activation.Name(),
        ["hidden_size"] = HiddenSize,
        ["intermediate_size"] = IntermediateSize,
        ["layer_norm_eps"] = LayerNormEps,
        ["max_position_embeddings"] = MaxPositions,
        ["model_type"] = "clip_text_model",
        ["num_attention_heads"] = Heads,
        ["num_hidden_layers"] = Layers,
        ["pad_token_id"] = PadTokenId,
        ["projection_dim"] = ProjectionDim,
        ["vocab_size"] = VocabSize,
    };
}
