using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Unet;

/// <summary>Sinusoidal embedding of the timestep (Ho et al. 2020, after Vaswani et al. 2017, section 3.5). Has no weights.</summary>
internal sealed class Timesteps : nn.Module<Tensor, Tensor>
{
    private const double MaxPeriod = 10000;

    private readonly long channels;
    private readonly bool flipSinToCos;
    private readonly double freqShift;

    public Timesteps(long channels, bool flipSinToCos, double freqShift)
        : base(nameof(Timesteps))
    {
        this.channels = channels;
        this.flipSinToCos = flipSinToCos;
        this.freqShift = freqShift;
        RegisterComponents();
    }

    /// <param name="timesteps">[B], any number type; values 0..999 in training.</param>
    /// <returns>[B, channels], float32</returns>
    public override Tensor forward(Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        var half = channels / 2;
        var exponent = arange(0, half, dtype: ScalarType.Float32, device: timesteps.device) * (-Math.Log(MaxPeriod) / (half - freqShift));
        var angles = timesteps.to(ScalarType.Float32).unsqueeze(1) * exponent.exp().unsqueeze(0); // [B, channels / 2]
        var embedding = flipSinToCos ? cat([angles.cos(), angles.sin()], -1) : cat([angles.sin(), angles.cos()], -1);
        if (channels % 2 == 1)
            embedding = nn.functional.pad(embedding, (0, 1));
        return embedding.MoveToOuterDisposeScope(); // [B, channels]
    }
}

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
