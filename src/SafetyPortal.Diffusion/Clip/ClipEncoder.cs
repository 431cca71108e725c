using SafetyPortal.Diffusion.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Clip;

/// <summary>Sizes of either of CLIP's transformers.</summary>
internal sealed record ClipTransformerShape(int Hidden, int Intermediate, int Layers, int Heads, ClipActivation Activation, double Eps);

/// <summary>Multi-head self-attention with biases.</summary>
internal sealed class ClipAttention : nn.Module<Tensor, Tensor?, Tensor>
{
    private readonly Linear k_proj;
    private readonly Linear v_proj;
    private readonly Linear q_proj;
    private readonly Linear out_proj;
    private readonly int heads;

    public ClipAttention(int hidden, int heads, Device? device)
        : base(nameof(ClipAttention))
    {
        this.heads = heads;
        k_proj = nn.Linear(hidden, hidden, device: device);
        v_proj = nn.Linear(hidden, hidden, device: device);
        q_proj = nn.Linear(hidden, hidden, device: device);
        out_proj = nn.Linear(hidden, hidden, device: device);
        RegisterComponents();
    }

    /// <param name="x">[B, T, C]</param>
    /// <param name="mask">[T, T], added to the scores; null for none.</param>
    /// <returns>[B, T, C]</returns>
    public override Tensor forward(Tensor x, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        var attended = ScaledAttention.Attend(q_proj.call(x), k_proj.call(x), v_proj.call(x), heads, mask); // [B, T, C]
        return out_proj.call(attended).MoveToOuterDisposeScope();
    }
}

/// <summary>Feed-forward layer.</summary>
internal sealed class ClipMlp : nn.Module<Tensor, Tensor>
{
    private readonly Linear fc1;
    private readonly Linear fc2;
    private readonly ClipActivation activation;

    public ClipMlp(ClipTransformerShape shape, Device? device)
        : base(nameof(ClipMlp))
    {
        activation = shape.Activation;
        fc1 = nn.Linear(shape.Hidden, shape.Intermediate, device: device);
        fc2 = nn.Linear(shape.Intermediate, shape.Hidden, device: device);
        RegisterComponents();
    }

    /// <param name="x">[B, T, C]</param>
    /// <returns>[B, T, C]</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return fc2.call(activation.Apply(fc1.call(x))).MoveToOuterDisposeScope();
    }
}

/// <summary>Attention and feed-forward, each normalised before and added to its input.</summary>
internal sealed class ClipEncoderLayer : nn.Module<Tensor, Tensor?, Tensor>
{
    private readonly ClipAttention self_attn;
    private readonly LayerNorm layer_norm1;
    private readonly ClipMlp mlp;
    private readonly LayerNorm layer_norm2;

    public ClipEncoderLayer(ClipTransformerShape shape, Device? device)
        : base(nameof(ClipEncoderLayer))
    {
        self_attn = new ClipAttention(shape.Hidden, shape.Heads, device);
        layer_norm1 = Norms.Layer(shape.Hidden, shape.Eps, device);
        mlp = new ClipMlp(shape, device);
        layer_norm2 = Norms.Layer(shape.Hidden, shape.Eps, device);
        RegisterComponents();
    }

    /// <param name="x">[B, T, C]</param>
    /// <param name="mask">[T, T], added to the scores; null for none.</param>
    /// <returns>[B, T, C]</returns>
    public override Tensor forward(Tensor x, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        x = x + self_attn.call(layer_norm1.call(x), mask);
        x = x + mlp.call(layer_norm2.call(x));
        return x.MoveToOuterDisposeScope();
    }
}

/// <summary>A stack of <see cref="ClipEncoderLayer"/>.</summary>
internal sealed class ClipEncoder : nn.Module<Tensor, Tensor?, Tensor>
{
    private readonly ModuleList<ClipEncoderLayer> layers;

    public ClipEncoder(ClipTransformerShape shape, Device? device)
        : base(nameof(ClipEncoder))
    {
        layers = nn.ModuleList(Enumerable.Range(0, shape.Layers).Select(_ => new ClipEncoderLayer(shape, device)).ToArray());
        RegisterComponents();
    }

    /// <param name="x">[B, T, C]</param>
    /// <param name="mask">[T, T], added to the scores; null for none.</param>
    /// <returns>[B, T, C]</returns>
    public override Tensor forward(Tensor x, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        foreach (var layer in layers)
            x = layer.call(x, mask);
        return x.MoveToOuterDisposeScope();
    }

    /// <summary>Returns what the last layer takes in and what it puts out, each [B, T, C].</summary>
    /// <param name="x">[B, T, C]</param>
    /// <param name="mask">[T, T], added to the scores; null for none.</param>
    public (Tensor Penultimate, Tensor Last) LastTwo(Tensor x, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        var penultimate = x;
        for (var i = 0; i < layers.Count - 1; i++)
            penultimate = layers[i].call(penultimate, mask);
        var last = layers[^1].call(penultimate, mask);
        return (penultimate.alias().MoveToOuterDisposeScope(), last.MoveToOuterDisposeScope());
    }
}
