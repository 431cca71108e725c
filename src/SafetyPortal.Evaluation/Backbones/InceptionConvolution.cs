using SafetyPortal.Diffusion.Checkpoints;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Backbones;

/// <summary>The element of InceptionV3: a convolution without bias, batch normalisation and a rectifier.</summary>
/// <param name="Name">Module name, for example <c>Mixed_5b.branch5x5_1</c>.</param>
/// <param name="In">Channels in.</param>
/// <param name="Out">Channels out.</param>
/// <param name="Height">Rows of the kernel.</param>
/// <param name="Width">Columns of the kernel.</param>
/// <param name="Stride">In both directions.</param>
/// <param name="Padded">True keeps the size (at stride 1).</param>
internal sealed record InceptionConvolution(string Name, int In, int Out, int Height, int Width, int Stride, bool Padded)
{
    // Of torchvision's BasicConv2d.
    private const double Epsilon = 1e-3;

    /// <summary>Tensors in checkpoint order.</summary>
    public IEnumerable<ParameterShape> Shapes => BackboneWeights.Normalised(Name + ".conv", Name + ".bn", [Out, In, Height, Width]);

    public void Fold(BackboneWeights weights) => weights.Fold(Name + ".conv", Name + ".bn", Name, Epsilon);

    /// <param name="weights">After <see cref="Fold"/>.</param>
    /// <param name="x">[B, In, H, W]</param>
    public Tensor Apply(BackboneWeights weights, Tensor x)
    {
        using var y = nn.functional.conv2d(
            x, weights[Name + ".weight"], weights[Name + ".bias"], [Stride, Stride], Padded ? [Height / 2, Width / 2] : [0, 0]);
        return y.relu();
    }
}
