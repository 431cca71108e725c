using SafetyPortal.Diffusion.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Unet;

/// <summary>Multi-head attention of tokens to a context: to themselves, or to the text.</summary>
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

    /// <summary>Receives queries and keys of every call; null by default.</summary>
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
