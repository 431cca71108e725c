using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Backbones;

/// <summary>A bottleneck of ResNet-50: 1 x 1, 3 x 3 and 1 x 1 convolutions and a shortcut. The 3 x 3 has the stride, as in torchvision.</summary>
/// <param name="Name">Module name, for example <c>layer2.0</c>.</param>
/// <param name="In">Channels in.</param>
/// <param name="Inner">Channels of the 3 x 3 convolution; four times as many come out.</param>
/// <param name="Stride">Of the 3 x 3 convolution and the shortcut.</param>
/// <param name="Projected">Whether the shortcut is a convolution.</param>
internal sealed record ResNetBlock(string Name, int In, int Inner, int Stride, bool Projected)
{
    private const int Expansion = 4;

    public int Out => Inner * Expansion;

    /// <summary>Convolutions with their normalisations, in checkpoint order.</summary>
    public IEnumerable<(string Convolution, string Normalisation, long[] Shape)> Layers
    {
        get
        {
            yield return ($"{Name}.conv1", $"{Name}.bn1", [Inner, In, 1, 1]);
            yield return ($"{Name}.conv2", $"{Name}.bn2", [Inner, Inner, 3, 3]);
            yield return ($"{Name}.conv3", $"{Name}.bn3", [Out, Inner, 1, 1]);
            if (Projected)
                yield return ($"{Name}.downsample.0", $"{Name}.downsample.1", [Out, In, 1, 1]);
        }
    }

    /// <param name="weights">Folded.</param>
    /// <param name="x">[B, In, H, W]</param>
    /// <returns>[B, Out, H / Stride, W / Stride]</returns>
    public Tensor Apply(BackboneWeights weights, Tensor x)
    {
        using var scope = NewDisposeScope();
        var y = Convolve(weights, "conv1", x, 1, 0).relu();
        y = Convolve(weights, "conv2", y, Stride, 1).relu();
        y = Convolve(weights, "conv3", y, 1, 0);
        return (y + (Projected ? Convolve(weights, "downsample.0", x, Stride, 0) : x)).relu().MoveToOuterDisposeScope();
    }

    private Tensor Convolve(BackboneWeights weights, string layer, Tensor x, long stride, long padding) => nn.functional.conv2d(
        x, weights[$"{Name}.{layer}.weight"], weights[$"{Name}.{layer}.bias"], [stride, stride], [padding, padding]);
}
