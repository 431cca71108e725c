using SafetyPortal.Diffusion.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Unet;

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
