using SafetyPortal.Diffusion.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Unet;

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
