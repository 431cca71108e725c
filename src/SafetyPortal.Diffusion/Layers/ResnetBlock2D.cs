using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Layers;

/// <summary>Sizes of a <see cref="ResnetBlock2D"/>.</summary>
/// <param name="InChannels">Channels coming in.</param>
/// <param name="OutChannels">Channels going out; where they differ the block has a 1x1 <c>conv_shortcut</c>.</param>
/// <param name="TimeChannels">Width of the timestep embedding; null for a block without one.</param>
/// <param name="Groups">Groups of both GroupNorms.</param>
/// <param name="Eps">Epsilon of both GroupNorms.</param>
/// <param name="OutputScale">The sum of both paths is divided by it.</param>
internal sealed record ResnetShape(int InChannels, int OutChannels, int? TimeChannels, int Groups, double Eps, double OutputScale = 1);

/// <summary>Two normalised 3x3 convolutions and a shortcut, with the timestep added between the convolutions.</summary>
internal sealed class ResnetBlock2D : nn.Module<Tensor, Tensor?, Tensor>
{
    private readonly GroupNorm norm1;
    private readonly Conv2d conv1;
    private readonly Linear? time_emb_proj;
    private readonly GroupNorm norm2;
    private readonly Conv2d conv2;
    private readonly Conv2d? conv_shortcut;
    private readonly double outputScale;

    public ResnetBlock2D(ResnetShape shape, Device? device)
        : base(nameof(ResnetBlock2D))
    {
        outputScale = shape.OutputScale;
        norm1 = Norms.Group(shape.Groups, shape.InChannels, shape.Eps, device);
        conv1 = nn.Conv2d(shape.InChannels, shape.OutChannels, 3, 1, 1, device: device);
        if (shape.TimeChannels is { } time)
            time_emb_proj = nn.Linear(time, shape.OutChannels, device: device);
        norm2 = Norms.Group(shape.Groups, shape.OutChannels, shape.Eps, device);
        conv2 = nn.Conv2d(shape.OutChannels, shape.OutChannels, 3, 1, 1, device: device);
        if (shape.InChannels != shape.OutChannels)
            conv_shortcut = nn.Conv2d(shape.InChannels, shape.OutChannels, 1, device: device);
        RegisterComponents();
    }

    /// <param name="x">[B, in, H, W]</param>
    /// <param name="time">The timestep embedding after its SiLU, [B or 1, time]; null for a block without one.</param>
    /// <returns>[B, out, H, W]</returns>
    public override Tensor forward(Tensor x, Tensor? time)
    {
        using var scope = NewDisposeScope();
        // 1. First convolution.
        var h = Convolve(norm1, conv1, x); // [B, out, H, W]

        // 2. The timestep shifts every channel.
        if (time_emb_proj is not null)
            h = Reuse.Add(h, time_emb_proj.call(time!).unsqueeze(-1).unsqueeze(-1)); // [B, out, H, W]

        // 3. Second convolution.
        using (var first = h)
            h = Convolve(norm2, conv2, first); // [B, out, H, W]

        // 4. Shortcut.
        h = Reuse.Add(h, conv_shortcut?.call(x) ?? x); // [B, out, H, W]
        if (outputScale is not 1)
            h = h / outputScale;
        return h.MoveToOuterDisposeScope();
    }

    private static Tensor Convolve(GroupNorm norm, Conv2d convolution, Tensor x)
    {
        using var activated = Reuse.Silu(norm.call(x));
        return convolution.call(activated);
    }
}
