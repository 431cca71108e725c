using SafetyPortal.Diffusion.Checkpoints;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Clip;

/// <summary>CLIP's image encoder alone, with the parameter names and order of transformers' CLIPVisionModel.</summary>
public sealed class ClipVisionModel : nn.Module<Tensor, Tensor>
{
    private readonly ClipVisionTransformer vision_model;

    /// <summary>Builds the network with PyTorch's default random initialisation, drawn from the global generator.</summary>
    public ClipVisionModel(ClipVisionConfig config, Device? device = null)
        : base(nameof(ClipVisionModel))
    {
        Config = config;
        vision_model = new ClipVisionTransformer(config, device);
        RegisterComponents();
    }

    public ClipVisionConfig Config { get; }

    /// <summary>Loads <c>config.json</c> and <c>model.safetensors</c> from a folder, in evaluation mode.</summary>
    /// <exception cref="ModelFormatException">Says what is wrong with the configuration or the weights.</exception>
    public static ClipVisionModel Load(string folder, Device? device = null, ScalarType dtype = ScalarType.Float32)
    {
        var config = ClipVisionConfig.From(CheckpointFolder.OpenConfig(folder));
        using var weights = CheckpointFolder.OpenWeights(folder, CheckpointFolder.TransformersStem);
        return ModuleWeights.Load(on => new ClipVisionModel(config, on), weights, device, dtype, ClipCheckpoint.Name);
    }

    /// <summary>Writes a folder that transformers and <see cref="Load"/> read.</summary>
    public void Save(string folder, ScalarType? dtype = null)
    {
        CheckpointFolder.SaveConfig(folder, Config.ToJson());
        ModuleWeights.Save(this, Path.Combine(folder, CheckpointFolder.TransformersStem + ".safetensors"), dtype);
    }

    /// <param name="pixels">[B, channels, size, size], normalised as the model's preprocessing says</param>
    /// <returns>The last hidden state [B, 1 + patches, C], before the final normalisation</returns>
    /// <exception cref="ArgumentException">The shape differs.</exception>
    public override Tensor forward(Tensor pixels) => vision_model.call(pixels);

    /// <summary>The class token, normalised.</summary>
    /// <param name="lastHidden">[B, 1 + patches, C]</param>
    /// <returns>[B, C]</returns>
    public Tensor Pool(Tensor lastHidden) => vision_model.Pool(lastHidden);
}
