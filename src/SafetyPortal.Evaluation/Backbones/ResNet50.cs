using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Evaluation.Preprocessing;
using SafetyPortal.Images;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Backbones;

/// <summary>
/// ResNet-50 (He et al. 2015, arXiv 1512.03385) for ImageNet, with torchvision's tensor names: the classifier by which published
/// evaluations of erasure find objects.
/// </summary>
public sealed class ResNet50 : IDisposable
{
    /// <summary>ImageNet's classes.</summary>
    public const int Classes = 1000;

    private const double Epsilon = 1e-5;
    private const int ShorterSide = 256;
    private const int Side = 224;

    private static readonly float[] Mean = [0.485f, 0.456f, 0.406f];
    private static readonly float[] Deviation = [0.229f, 0.224f, 0.225f];
    private static readonly (string Convolution, string Normalisation, long[] Shape) Stem = ("conv1", "bn1", [64, 3, 7, 7]);
    private static readonly ResNetBlock[] Blocks = [.. Stage(1, 64, 64, 3), .. Stage(2, 256, 128, 4), .. Stage(3, 512, 256, 6), .. Stage(4, 1024, 512, 3)];

    private readonly BackboneWeights weights;

    private ResNet50(BackboneWeights weights) => this.weights = weights;

    /// <summary>Tensors of torchvision's file in its order, batch counters included.</summary>
    public static IReadOnlyList<ParameterShape> TensorShapes { get; } =
    [
        .. Layers().SelectMany(l => BackboneWeights.Normalised(l.Convolution, l.Normalisation, l.Shape)),
        new("fc.weight", [Classes, Blocks[^1].Out]),
        new("fc.bias", [Classes]),
    ];

    /// <summary>Reads torchvision's <c>resnet50</c> from a safetensors file.</summary>
    /// <exception cref="ModelFormatException">Tensors are missing, unexpected or misshapen; the message names them.</exception>
    public static ResNet50 Load(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return Load(file);
    }

    /// <summary>Reads the weights from any source. The caller disposes the source.</summary>
    /// <exception cref="ModelFormatException">Tensors are missing, unexpected or misshapen; the message names them.</exception>
    public static ResNet50 Load(ITensorSource source)
    {
        var weights = BackboneWeights.Read("ResNet-50", TensorShapes, [source]);
        foreach (var (convolution, normalisation, _) in Layers())
            weights.Fold(convolution, normalisation, convolution, Epsilon);
        return new(weights);
    }

    /// <summary>Class logits.</summary>
    /// <param name="pixels">[B, 3, H, W], normalised as <see cref="Pixels"/> does.</param>
    /// <returns>[B, 1000]</returns>
    public Tensor Logits(Tensor pixels)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var x = nn.functional.conv2d(pixels, weights["conv1.weight"], weights["conv1.bias"], [2, 2], [3, 3]).relu(); // [B, 64, H/2, W/2]
        x = nn.functional.max_pool2d(x, 3, 2, 1); // [B, 64, H/4, W/4]
        foreach (var block in Blocks)
        {
            var y = block.Apply(weights, x);
            x.Dispose();
            x = y;
        }

        return Overflow.Refuse(nn.functional.linear(x.mean([2L, 3L]), weights["fc.weight"], weights["fc.bias"]), () => "ResNet-50").MoveToOuterDisposeScope();
    }

    /// <summary>Probabilities of the 1,000 classes for a picture of any size.</summary>
    public float[] Classify(Raster picture)
    {
        using var scope = NewDisposeScope();
        return Logits(Pixels(picture)).softmax(-1).reshape(-1).contiguous().data<float>().ToArray();
    }

    /// <summary>
    /// torchvision's transform for these weights: the shorter side 256 by Pillow's bilinear filter, the middle 224 x 224, ImageNet's mean and
    /// deviation.
    /// </summary>
    /// <returns>[1, 3, 224, 224]</returns>
    public static Tensor Pixels(Raster picture)
    {
        using var scope = NewDisposeScope();
        var square = PillowResize.CentreCrop(PillowResize.ShorterSide(picture, ShorterSide, ResizeFilter.Bilinear), Side, Side);
        return ((RasterPixels.Unit([square]) - tensor(Mean).view(1, 3, 1, 1)) / tensor(Deviation).view(1, 3, 1, 1)).MoveToOuterDisposeScope();
    }

    public void Dispose() => weights.Dispose();

    private static IEnumerable<ResNetBlock> Stage(int number, int channels, int inner, int blocks)
    {
        for (var i = 0; i < blocks; i++)
            yield return new($"layer{number}.{i}", i == 0 ? channels : 4 * inner, inner, i == 0 && number > 1 ? 2 : 1, Projected: i == 0);
    }

    private static IEnumerable<(string Convolution, string Normalisation, long[] Shape)> Layers() => [Stem, .. Blocks.SelectMany(b => b.Layers)];
}
