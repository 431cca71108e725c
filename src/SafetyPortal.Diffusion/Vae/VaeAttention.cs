using SafetyPortal.Diffusion.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Vae;

/// <summary>Single-head self-attention between all pixels, added to its input.</summary>
internal sealed class VaeAttention : nn.Module<Tensor, Tensor>
{
    private readonly GroupNorm group_norm;
    private readonly Linear to_q;
    private readonly Linear to_k;
    private readonly Linear to_v;
    private readonly ModuleList<Linear> to_out;

    public VaeAttention(int channels, int groups, Device? device)
        : base(nameof(VaeAttention))
    {
        group_norm = Norms.Group(groups, channels, VaeShapes.Eps, device);
        to_q = nn.Linear(channels, channels, device: device);
        to_k = nn.Linear(channels, channels, device: device);
        to_v = nn.Linear(channels, channels, device: device);
        to_out = nn.ModuleList(nn.Linear(channels, channels, device: device));
        RegisterComponents();
    }

    /// <param name="x">[B, C, H, W]</param>
    /// <returns>[B, C, H, W]</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var (batch, channels, height, width) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3]);
        var tokens = group_norm.call(x).reshape(batch, channels, height * width).transpose(1, 2).contiguous(); // [B, H*W, C]
        var attended = ScaledAttention.Attend(to_q.call(tokens), to_k.call(tokens), to_v.call(tokens), heads: 1); // [B, H*W, C]
        var map = to_out[0].call(attended).transpose(1, 2).reshape(batch, channels, height, width); // [B, C, H, W]
        return (map + x).MoveToOuterDisposeScope();
    }
}
