using SafetyPortal.Diffusion.Checkpoints;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Clip;

/// <summary>
/// CLIP's text encoder (Radford et al. 2021, section 2.4), which conditions Stable Diffusion, with the parameter names and order of
/// transformers' CLIPTextModel, or CLIPTextModelWithProjection where <see cref="ClipTextConfig.WithProjection"/> is set.
/// </summary>
public sealed class ClipTextModel : nn.Module<Tensor, Tensor>
{
    private readonly ClipTextTransformer text_model;
    private readonly Linear? text_projection;

    /// <summary>Builds the network with PyTorch's default random initialisation, drawn from the global generator.</summary>
    public ClipTextModel(ClipTextConfig config, Device? device = null)
        : base(nameof(ClipTextModel))
    {
        Config = config;
        text_model = new ClipTextTransformer(config, device);
        if (config.WithProjection)
            text_projection = nn.Linear(config.HiddenSize, config.ProjectionDim, hasBias: false, device: device);
        RegisterComponents();
    }

    public ClipTextConfig Config { get; }

    /// <summary>Returns names and shapes of the parameters of a configuration, in order; allocates none of them.</summary>
    public static IReadOnlyList<ParameterShape> ParameterShapes(ClipTextConfig config) =>
        ParameterShape.Of(device => new ClipTextModel(config, device));

    /// <summary>Loads <c>config.json</c> and <c>model.safetensors</c> from a folder, in evaluation mode.</summary>
    /// <param name="folder">The <c>text_encoder</c> folder of a diffusers model.</param>
    /// <param name="device">Where to put it; null is the CPU.</param>
    /// <param name="dtype">The type to compute in; the file may hold another.</param>
    /// <exception cref="ModelFormatException">Says what is wrong with the configuration or the weights.</exception>
    public static ClipTextModel Load(string folder, Device? device = null, ScalarType dtype = ScalarType.Float32) =>
        Load(folder, ClipTextConfig.From(CheckpointFolder.OpenConfig(folder)), device, dtype);

    /// <summary>Loads the weights for a configuration that was read already.</summary>
    internal static ClipTextModel Load(string folder, ClipTextConfig config, Device? device, ScalarType dtype)
    {
        using var weights = CheckpointFolder.OpenWeights(folder, CheckpointFolder.TransformersStem);
        return ModuleWeights.Load(on => new ClipTextModel(config, on), weights, device, dtype, ClipCheckpoint.TextName);
    }

    /// <summary>Writes a folder that transformers and <see cref="Load(string, Device?, ScalarType)"/> read.</summary>
    /// <param name="folder">Created if absent.</param>
    /// <param name="dtype">The type to store; null keeps the parameters' own.</param>
    public void Save(string folder, ScalarType? dtype = null) =>
        CheckpointFolder.Save(folder, CheckpointFolder.TransformersStem, Config.ToJson(), this, dtype);

    /// <param name="ids">Token ids [B, T], int64; T up to <see cref="ClipTextConfig.MaxPositions"/>.</param>
    /// <returns>The last hidden state [B, T, C]; what the noise predictor is conditioned on.</returns>
    /// <exception cref="ArgumentException">The shape differs, or an id is outside the vocabulary.</exception>
    public override Tensor forward(Tensor ids) => text_model.call(ids);

    /// <summary>Computes what Stable Diffusion XL is conditioned on, for token embeddings that need not be rows of the table; carries their gradient.</summary>
    /// <param name="tokens">[B, T, C]; T up to <see cref="ClipTextConfig.MaxPositions"/>.</param>
    /// <param name="ids">[B, T]; they tell where the text ends.</param>
    /// <returns>
    /// The hidden state before the last layer, not normalised, [B, T, C]; and the projection of the pooled last one,
    /// [B, <see cref="ClipTextConfig.ProjectionDim"/>], null without <see cref="ClipTextConfig.WithProjection"/>.
    /// </returns>
    /// <exception cref="ArgumentException">The shape differs.</exception>
    public (Tensor Penultimate, Tensor? Projected) EncodePenultimate(Tensor tokens, Tensor ids)
    {
        CheckTokens(tokens);
        using var scope = NewDisposeScope();
        var (penultimate, last) = text_model.LastTwo(tokens);
        var projected = text_projection?.call(text_model.Pool(last, ids)).MoveToOuterDisposeScope();
        return (penultimate.MoveToOuterDisposeScope(), projected);
    }

    /// <summary>Returns token embeddings of ids, as <see cref="FromTokens"/> takes them: rows of the table, without positions, [B, T, C].</summary>
    public Tensor Tokens(Tensor ids) => text_model.Tokens(ids);

    /// <summary>
    /// Computes <see cref="forward"/> for token embeddings that need not be rows of the table; carries their gradient. Textual inversion
    /// (Gal et al. 2022, arXiv 2208.01618) learns such an embedding.
    /// </summary>
    /// <param name="tokens">[B, T, C]; T up to <see cref="ClipTextConfig.MaxPositions"/>.</param>
    /// <returns>The last hidden state [B, T, C].</returns>
    /// <exception cref="ArgumentException">The shape differs.</exception>
    public Tensor FromTokens(Tensor tokens)
    {
        CheckTokens(tokens);
        return text_model.FromTokens(tokens);
    }

    /// <summary>Returns the last hidden state at the end token, see <see cref="ClipTextConfig.EosTokenId"/>.</summary>
    /// <param name="lastHidden">[B, T, C]</param>
    /// <param name="ids">[B, T]</param>
    /// <returns>[B, C]</returns>
    public Tensor Pool(Tensor lastHidden, Tensor ids) => text_model.Pool(lastHidden, ids);

    private void CheckTokens(Tensor tokens)
    {
        if (tokens.dim() == 3 && tokens.shape[1] <= Config.MaxPositions && tokens.shape[2] == Config.HiddenSize)
            return;
        throw new ArgumentException(
            $"Expected token embeddings of shape [B, T, {Config.HiddenSize}] with T up to {Config.MaxPositions}, got [{string.Join(", ", tokens.shape)}].",
            nameof(tokens));
    }
}
