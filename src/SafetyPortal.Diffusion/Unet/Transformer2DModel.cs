using SafetyPortal.Diffusion.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Unet;

/// <summary>Multi-head attention of tokens to a context: themselves, or the text.</summary>
internal sealed class Attention : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly Linear to_q;
    private readonly Linear to_k;
    private readonly Linear to_v;
    private readonly ModuleList<Linear> to_out;
    private readonly int heads;
    private readonly bool upcast;

    public Attention(int channels, int contextChannels, int heads, bool upcast, Device? device)
        : base(nameof(Attention))
    {
        this.heads = heads;
        this.upcast = upcast;
        to_q = nn.Linear(channels, channels, hasBias: false, device: device);
        to_k = nn.Linear(contextChannels, channels, hasBias: false, device: device);
        to_v = nn.Linear(contextChannels, channels, hasBias: false, device: device);
        to_out = nn.ModuleList(nn.Linear(channels, channels, device: device));
        RegisterComponents();
    }

    /// <summary>Receives queries and keys of every call; null for none.</summary>
    public AttentionRecorder? Recorder { get; set; }

    /// <param name="x">[B, T, C]</param>
    /// <param name="context">[B, S, context]</param>
    /// <returns>[B, T, C]</returns>
    public override Tensor forward(Tensor x, Tensor context)
    {
        using var scope = NewDisposeScope();
        var (q, k, v) = (to_q.call(x), to_k.call(context), to_v.call(context));
        if (upcast)
            (q, k, v) = (q.to(ScalarType.Float32), k.to(ScalarType.Float32), v.to(ScalarType.Float32));
        Recorder?.Take(q, k, heads);
        var attended = ScaledAttention.Attend(q, k, v, heads); // [B, T, C]
        return to_out[0].call(attended.to(x.dtype)).MoveToOuterDisposeScope();
    }
}

/// <summary>Gated linear unit with exact GELU (Shazeer 2020): one half of a projection gates the other.</summary>
internal sealed class GeGlu : nn.Module<Tensor, Tensor>
{
    private readonly Linear proj;

    public GeGlu(int inChannels, int outChannels, Device? device)
        : base(nameof(GeGlu))
    {
        proj = nn.Linear(inChannels, outChannels * 2, device: device);
        RegisterComponents();
    }

    /// <param name="x">[B, T, in]</param>
    /// <returns>[B, T, out]</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var halves = proj.call(x).chunk(2, -1); // 2 x [B, T, out]
        return Reuse.Multiply(nn.functional.gelu(halves[1]), halves[0]).MoveToOuterDisposeScope();
    }
}

/// <summary>
/// The feed-forward layer of a transformer block. Its two matrices, <c>net.0.proj.weight</c> and <c>net.2.weight</c>, are the
/// components that attribution scores and ablates by default.
/// </summary>
internal sealed class FeedForward : nn.Module<Tensor, Tensor>
{
    private const int Expansion = 4;

    private readonly ModuleList<nn.Module<Tensor, Tensor>> net;

    public FeedForward(int channels, Device? device)
        : base(nameof(FeedForward))
    {
        // Position 1 is a dropout of probability 0 in the original.
        net = nn.ModuleList<nn.Module<Tensor, Tensor>>(
            new GeGlu(channels, channels * Expansion, device),
            nn.Identity(),
            nn.Linear(channels * Expansion, channels, device: device));
        RegisterComponents();
    }

    /// <param name="x">[B, T, C]</param>
    /// <returns>[B, T, C]</returns>
    public override Tensor forward(Tensor x)
    {
        using var gated = net[0].call(x); // [B, T, 4C]
        return net[2].call(gated);
    }
}

/// <summary>Self-attention, attention to the text, feed-forward, each normalised before and added to its input.</summary>
internal sealed class BasicTransformerBlock : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly LayerNorm norm1;
    private readonly Attention attn1;
    private readonly LayerNorm norm2;
    private readonly Attention attn2;
    private readonly LayerNorm norm3;
    private readonly FeedForward ff;

    public BasicTransformerBlock(int channels, int textChannels, int heads, bool upcast, Device? device)
        : base(nameof(BasicTransformerBlock))
    {
        norm1 = Norms.Layer(channels, 1e-5, device);
        attn1 = new Attention(channels, channels, heads, upcast, device);
        norm2 = Norms.Layer(channels, 1e-5, device);
        attn2 = new Attention(channels, textChannels, heads, upcast, device);
        norm3 = Norms.Layer(channels, 1e-5, device);
        ff = new FeedForward(channels, device);
        RegisterComponents();
    }

    /// <param name="x">[B, T, C]</param>
    /// <param name="text">[B, S, text]</param>
    /// <returns>[B, T, C]</returns>
    public override Tensor forward(Tensor x, Tensor text)
    {
        using var scope = NewDisposeScope();
        // 1. Tokens to each other.
        var normed = norm1.call(x);
        x = Reuse.Add(attn1.call(normed, normed), x);

        // 2. Tokens to the text.
        x = Reuse.Add(attn2.call(norm2.call(x), text), x);

        // 3. Feed-forward.
        x = Reuse.Add(ff.call(norm3.call(x)), x);
        return x.MoveToOuterDisposeScope();
    }
}

/// <summary>Sizes of a <see cref="Transformer2DModel"/>.</summary>
internal sealed record TransformerShape(int Channels, int TextChannels, int Heads, int Layers, int Groups, bool LinearProjection, bool Upcast);

/// <summary>Reads a feature map as tokens, one per pixel, and sends them through transformer blocks.</summary>
internal sealed class Transformer2DModel : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly GroupNorm norm;
    private readonly nn.Module<Tensor, Tensor> proj_in;
    private readonly ModuleList<BasicTransformerBlock> transformer_blocks;
    private readonly nn.Module<Tensor, Tensor> proj_out;
    private readonly bool linear;

    public Transformer2DModel(TransformerShape shape, Device? device)
        : base(nameof(Transformer2DModel))
    {
        linear = shape.LinearProjection;
        norm = Norms.Group(shape.Groups, shape.Channels, 1e-6, device);
        proj_in = Projection(shape.Channels, device);
        transformer_blocks = nn.ModuleList(Enumerable.Range(0, shape.Layers)
            .Select(_ => new BasicTransformerBlock(shape.Channels, shape.TextChannels, shape.Heads, shape.Upcast, device)).ToArray());
        proj_out = Projection(shape.Channels, device);
        RegisterComponents();
    }

    /// <param name="x">[B, C, H, W]</param>
    /// <param name="text">[B, S, text]</param>
    /// <returns>[B, C, H, W]</returns>
    public override Tensor forward(Tensor x, Tensor text)
    {
        using var scope = NewDisposeScope();
        var (batch, channels, height, width) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3]);

        // 1. Pixels to tokens.
        var h = norm.call(x); // [B, C, H, W]
        var tokens = linear ? proj_in.call(Tokens(h)) : Tokens(proj_in.call(h)); // [B, H*W, C]

        // 2. Transformer.
        foreach (var block in transformer_blocks)
            tokens = block.call(tokens, text); // [B, H*W, C]

        // 3. Tokens to pixels.
        if (linear)
            tokens = proj_out.call(tokens);
        h = tokens.transpose(1, 2).reshape(batch, channels, height, width); // [B, C, H, W]
        if (!linear)
            h = proj_out.call(h);
        return (h + x).MoveToOuterDisposeScope();

        Tensor Tokens(Tensor map) => map.reshape(batch, channels, height * width).transpose(1, 2).contiguous();
    }

    private nn.Module<Tensor, Tensor> Projection(int channels, Device? device) =>
        linear ? nn.Linear(channels, channels, device: device) : nn.Conv2d(channels, channels, 1, device: device);
}
