using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Unet;

/// <summary>Two-layer perceptron on the sinusoidal timestep embedding.</summary>
internal sealed class TimestepEmbedding : nn.Module<Tensor, Tensor>
{
    private readonly Linear linear_1;
    private readonly Linear linear_2;

    public TimestepEmbedding(int inChannels, int channels, Device? device)
        : base(nameof(TimestepEmbedding))
    {
        linear_1 = nn.Linear(inChannels, channels, device: device);
        linear_2 = nn.Linear(channels, channels, device: device);
        RegisterComponents();
    }

    /// <param name="x">[B, in]</param>
    /// <returns>[B, channels]</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return linear_2.call(nn.functional.silu(linear_1.call(x))).MoveToOuterDisposeScope();
    }
}
