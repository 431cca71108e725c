using SafetyPortal.Diffusion.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Clip;

/// <summary>Token plus position.</summary>
internal sealed class ClipTextEmbeddings : nn.Module<Tensor, Tensor>
{
    private readonly Embedding token_embedding;
    private readonly Embedding position_embedding;

    public ClipTextEmbeddings(ClipTextConfig config, Device? device)
        : base(nameof(ClipTextEmbeddings))
    {
        token_embedding = nn.Embedding(config.VocabSize, config.HiddenSize, device: device);
        position_embedding = nn.Embedding(config.MaxPositions, config.HiddenSize, device: device);
        RegisterComponents();
    }

    /// <summary>Returns the rows of the table, without positions, [B, T, C].</summary>
    /// <param name="ids">[B, T], int64</param>
    public Tensor Tokens(Tensor ids) => token_embedding.call(ids);

    /// <param name="tokens">[B, T, C], without positions</param>
    /// <returns>[B, T, C]</returns>
    public override Tensor forward(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        var positions = arange(0, tokens.shape[1], dtype: ScalarType.Int64, device: tokens.device); // [T]
        return (tokens + position_embedding.call(positions)).MoveToOuterDisposeScope();
    }
}

/// <summary>The text tower: a causal transformer, so a token sees only those before it.</summary>
internal sealed class ClipTextTransformer : nn.Module<Tensor, Tensor>
{
    private const int PublishedEosSlip = 2;

    private readonly ClipTextEmbeddings embeddings;
    private readonly ClipEncoder encoder;
    private readonly LayerNorm final_layer_norm;
    private readonly ClipTextConfig config;

    public ClipTextTransformer(ClipTextConfig config, Device? device)
        : base(nameof(ClipTextTransformer))
    {
        this.config = config;
        embeddings = new ClipTextEmbeddings(config, device);
        encoder = new ClipEncoder(
            new ClipTransformerShape(config.HiddenSize, config.IntermediateSize, config.Layers, config.Heads, config.Activation, config.LayerNormEps), device);
        final_layer_norm = Norms.Layer(config.HiddenSize, config.LayerNormEps, device);
        RegisterComponents();
    }

    /// <param name="ids">[B, T], int64</param>
    /// <returns>[B, T, C], after the final normalisation</returns>
    /// <exception cref="ArgumentException">The shape differs, the text is too long, or an id is outside the vocabulary.</exception>
    public override Tensor forward(Tensor ids)
    {
        using var tokens = Tokens(ids);
        return FromTokens(tokens);
    }

    /// <summary>Returns the rows of the embedding table for some ids, without positions, [B, T, C].</summary>
    public Tensor Tokens(Tensor ids)
    {
        Check(ids);
        return embeddings.Tokens(ids);
    }

    /// <summary>Computes <see cref="forward"/> for tokens that need not be rows of the table.</summary>
    /// <param name="tokens">[B, T, C], without positions</param>
    /// <returns>[B, T, C]</returns>
    public Tensor FromTokens(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        var x = embeddings.call(tokens); // [B, T, C]
        return final_layer_norm.call(encoder.call(x, Causal(x))).MoveToOuterDisposeScope();
    }

    /// <summary>Returns what the last layer takes in, not normalised, and what <see cref="forward"/> returns; each [B, T, C].</summary>
    /// <param name="tokens">[B, T, C], without positions</param>
    public (Tensor Penultimate, Tensor Last) LastTwo(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        var x = embeddings.call(tokens); // [B, T, C]
        var (penultimate, last) = encoder.LastTwo(x, Causal(x));
        return (penultimate.MoveToOuterDisposeScope(), final_layer_norm.call(last).MoveToOuterDisposeScope());
    }

    /// <summary>Returns the row of the end token.</summary>
    /// <param name="lastHidden">[B, T, C], what <see cref="forward"/> returned.</param>
    /// <param name="ids">[B, T]</param>
    /// <returns>[B, C]</returns>
    public Tensor Pool(Tensor lastHidden, Tensor ids)
    {
        using var scope = NewDisposeScope();
        // argmax gives the first of equals, so the end token that closes the text and not the padding.
        var marks = config.EosTokenId == PublishedEosSlip ? ids.to(ScalarType.Int32) : ids.eq(config.EosTokenId).to(ScalarType.Int32);
        var positions = marks.argmax(-1).reshape(-1, 1, 1).expand(-1, 1, lastHidden.shape[2]); // [B, 1, C]
        return lastHidden.gather(1, positions).squeeze(1).MoveToOuterDisposeScope(); // [B, C]
    }

    // Scores of later tokens become -infinity.
    private static Tensor Causal(Tensor x) =>
        full([x.shape[1], x.shape[1]], double.NegativeInfinity, dtype: x.dtype, device: x.device).triu(1); // [T, T]

    private void Check(Tensor ids)
    {
        if (ids.dim() != 2 || ids.dtype != ScalarType.Int64 || ids.shape[1] > config.MaxPositions || ids.numel() == 0)
        {
            throw new ArgumentException(
                $"Expected token ids of shape [B, T] and type Int64 with T up to {config.MaxPositions}, got [{string.Join(", ", ids.shape)}] of {ids.dtype}.",
                nameof(ids));
        }

        using var scope = NewDisposeScope();
        var (least, most) = (ids.min().ToInt64(), ids.max().ToInt64());
        if (least < 0 || most >= config.VocabSize)
            throw new ArgumentException($"Expected token ids from 0 to {config.VocabSize - 1}, got {least} to {most}.", nameof(ids));
    }
}
