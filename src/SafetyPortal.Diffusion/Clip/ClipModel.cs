using SafetyPortal.Diffusion.Checkpoints;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Clip;

/// <summary>
/// Both towers of CLIP (Radford et al. 2021) and their projections into one space, with the parameter names and order of
/// transformers' CLIPModel.
/// </summary>
public sealed class ClipModel : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly Parameter logit_scale;
    private readonly ClipTextTransformer text_model;
    private readonly ClipVisionTransformer vision_model;
    private readonly Linear visual_projection;
    private readonly Linear text_projection;

    /// <summary>Builds the network with PyTorch's default random initialisation, drawn from the global generator.</summary>
    public ClipModel(ClipConfig config, Device? device = null)
        : base(nameof(ClipModel))
    {
        Config = config;
        logit_scale = nn.Parameter(full([], config.LogitScaleInit, dtype: ScalarType.Float32, device: device));
        text_model = new ClipTextTransformer(config.Text, device);
        vision_model = new ClipVisionTransformer(config.Vision, device);
        visual_projection = nn.Linear(config.Vision.HiddenSize, config.ProjectionDim, hasBias: false, device: device);
        text_projection = nn.Linear(config.Text.HiddenSize, config.ProjectionDim, hasBias: false, device: device);
        RegisterComponents();
    }

    public ClipConfig Config { get; }

    /// <summary>Logarithm of the factor on cosines, a scalar; trained.</summary>
    public Parameter LogitScale => logit_scale;

    /// <summary>Returns names and shapes of the parameters of a configuration, in order; allocates none of them.</summary>
    public static IReadOnlyList<ParameterShape> ParameterShapes(ClipConfig config) =>
        ParameterShape.Of(device => new ClipModel(config, device));

    /// <summary>Loads <c>config.json</c> and <c>model.safetensors</c> from a folder, in evaluation mode.</summary>
    /// <param name="folder">A transformers CLIPModel folder.</param>
    /// <param name="device">Where to put it; null is the CPU.</param>
    /// <param name="dtype">The type to compute in; the file may hold another.</param>
    /// <exception cref="ModelFormatException">Says what is wrong with the configuration or the weights.</exception>
    public static ClipModel Load(string folder, Device? device = null, ScalarType dtype = ScalarType.Float32)
    {
        var config = ClipConfig.From(CheckpointFolder.OpenConfig(folder));
        using var weights = CheckpointFolder.OpenWeights(folder, CheckpointFolder.TransformersStem);
        return ModuleWeights.Load(on => new ClipModel(config, on), weights, device, dtype, ClipCheckpoint.Name);
    }

    /// <summary>Writes a folder that transformers and <see cref="Load"/> read.</summary>
    /// <param name="folder">Created if absent.</param>
    /// <param name="dtype">The type to store; null keeps the parameters' own.</param>
    public void Save(string folder, ScalarType? dtype = null) =>
        CheckpointFolder.Save(folder, CheckpointFolder.TransformersStem, Config.ToJson(), this, dtype);

    /// <param name="ids">[T, tokens], int64</param>
    /// <returns>[T, projection], not normalised</returns>
    public Tensor TextFeatures(Tensor ids)
    {
        using var scope = NewDisposeScope();
        var hidden = text_model.call(ids); // [T, tokens, C]
        return text_projection.call(text_model.Pool(hidden, ids)).MoveToOuterDisposeScope();
    }

    /// <param name="pixels">[I, channels, size, size], normalised</param>
    /// <returns>[I, projection], not normalised</returns>
    public Tensor ImageFeatures(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        return visual_projection.call(PooledImage(pixels)).MoveToOuterDisposeScope();
    }

    /// <summary>Returns the image tower's last hidden state before the final normalisation, [I, 1 + patches, C].</summary>
    public Tensor ImageHidden(Tensor pixels) => vision_model.call(pixels);

    /// <summary>Returns the normalised class token, [I, C], which the projection and the FID of the embedded model take.</summary>
    public Tensor PooledImage(Tensor pixels)
    {
        using var hidden = vision_model.call(pixels);
        return vision_model.Pool(hidden);
    }

    /// <param name="ids">[T, tokens], int64</param>
    /// <returns>[T, projection], unit length</returns>
    public Tensor EncodeTexts(Tensor ids)
    {
        using var features = TextFeatures(ids);
        return Normalise(features, "text");
    }

    /// <param name="pixelValues">[I, channels, size, size], normalised</param>
    /// <returns>[I, projection], unit length</returns>
    public Tensor EncodeImages(Tensor pixelValues)
    {
        using var features = ImageFeatures(pixelValues);
        return Normalise(features, "image");
    }

    /// <param name="pixels">[I, channels, size, size], normalised</param>
    /// <param name="ids">[T, tokens], int64</param>
    /// <returns>exp(logit scale) times the cosine of every image with every text, [I, T]</returns>
    public override Tensor forward(Tensor pixels, Tensor ids)
    {
        using var scope = NewDisposeScope();
        var cosines = EncodeImages(pixels).mm(EncodeTexts(ids).t()); // [I, T]
        return (cosines * logit_scale.exp()).MoveToOuterDisposeScope();
    }

    private static Tensor Normalise(Tensor features, string tower)
    {
        using var scope = NewDisposeScope();
        Overflow.Refuse(features, () => $"CLIP's {tower} tower");
        return (features / features.pow(2).sum(-1, keepdim: true).sqrt()).MoveToOuterDisposeScope();
    }
}
