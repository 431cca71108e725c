using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Images;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Backbones;

/// <summary>
/// The network that defines FID: InceptionV3 (Szegedy et al. 2015, arXiv 1512.00567), ported from TensorFlow by pytorch-fid, with the tensor
/// names of <c>pt_inception-2015-12-05</c>, converted to safetensors. Features are the output of the last average pool.
/// </summary>
public sealed class InceptionV3 : IDisposable
{
    /// <summary>Width of the pooled features ("pool3").</summary>
    public const int FeatureCount = 2048;

    /// <summary>Classes of the TensorFlow network, 1,000 of them ImageNet's.</summary>
    public const int Classes = 1008;

    private const int InputSize = 299;

    private static readonly InceptionConvolution[] Stem =
    [
        new("Conv2d_1a_3x3", 3, 32, 3, 3, 2, Padded: false),
        new("Conv2d_2a_3x3", 32, 32, 3, 3, 1, Padded: false),
        new("Conv2d_2b_3x3", 32, 64, 3, 3, 1, Padded: true),
        new("Conv2d_3b_1x1", 64, 80, 1, 1, 1, Padded: false),
        new("Conv2d_4a_3x3", 80, 192, 3, 3, 1, Padded: false),
    ];

    // Channels in: the sum of the branches of the block before.
    private static readonly InceptionMixed[] Mixed =
    [
        InceptionMixed.FiveByFive("Mixed_5b", 192, pooled: 32),
        InceptionMixed.FiveByFive("Mixed_5c", 256, pooled: 64),
        InceptionMixed.FiveByFive("Mixed_5d", 288, pooled: 64),
        InceptionMixed.FirstReduction("Mixed_6a", 288),
        InceptionMixed.SevenBySeven("Mixed_6b", 768, inner: 128),
        InceptionMixed.SevenBySeven("Mixed_6c", 768, inner: 160),
        InceptionMixed.SevenBySeven("Mixed_6d", 768, inner: 160),
        InceptionMixed.SevenBySeven("Mixed_6e", 768, inner: 192),
        InceptionMixed.SecondReduction("Mixed_7a", 768),
        InceptionMixed.Forked("Mixed_7b", 1280, last: false),
        InceptionMixed.Forked("Mixed_7c", 2048, last: true),
    ];

    private readonly BackboneWeights weights;

    private InceptionV3(BackboneWeights weights) => this.weights = weights;

    /// <summary>Tensors of the checkpoint in its order, batch counters included.</summary>
    public static IReadOnlyList<ParameterShape> TensorShapes { get; } =
    [
        .. Convolutions().SelectMany(c => c.Shapes), new("fc.weight", [Classes, FeatureCount]), new("fc.bias", [Classes]),
    ];

    /// <summary>Reads <c>pt_inception-2015-12-05</c> from a safetensors file.</summary>
    /// <exception cref="ModelFormatException">Tensors are missing, unexpected or misshapen; the message names them.</exception>
    public static InceptionV3 Load(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return Load(file);
    }

    /// <summary>Reads the weights from any source. The caller disposes the source.</summary>
    /// <exception cref="ModelFormatException">Tensors are missing, unexpected or misshapen; the message names them.</exception>
    public static InceptionV3 Load(ITensorSource source)
    {
        var weights = BackboneWeights.Read("InceptionV3 for FID", TensorShapes, [source]);
        foreach (var convolution in Convolutions())
            convolution.Fold(weights);
        return new(weights);
    }

    /// <summary>Pooled features, one row an image.</summary>
    /// <param name="pixels">[B, 3, H, W] of 0..1, any size.</param>
    /// <returns>[B, 2048]</returns>
    public Tensor Features(Tensor pixels) => Features(pixels, _ => { });

    /// <summary>Pooled features, and the output of the three blocks before the last, as pytorch-fid numbers them.</summary>
    /// <param name="pixels">[B, 3, H, W] of 0..1, any size.</param>
    /// <param name="seen">Receives each block's output [B, C, H, W]: 64, 192 and 768 channels.</param>
    /// <returns>[B, 2048]</returns>
    public Tensor Features(Tensor pixels, Action<Tensor> seen)
    {
        if (pixels.dim() != 4 || pixels.size(1) != 3)
            throw new ArgumentException($"Expected pixels [B, 3, H, W], got [{string.Join(", ", pixels.shape)}].", nameof(pixels));
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var x = (Resize(pixels) * 2) - 1; // [B, 3, 299, 299]
        for (var i = 0; i < 3; i++)
            x = Step(x, y => Stem[i].Apply(weights, y));
        x = Step(x, y => nn.functional.max_pool2d(y, 3, 2)); // [B, 64, 73, 73]
        seen(x);
        for (var i = 3; i < Stem.Length; i++)
            x = Step(x, y => Stem[i].Apply(weights, y));
        x = Step(x, y => nn.functional.max_pool2d(y, 3, 2)); // [B, 192, 35, 35]
        seen(x);
        for (var i = 0; i < Mixed.Length; i++)
        {
            x = Step(x, y => Mixed[i].Apply(weights, y));
            if (i == 7)
                seen(x); // [B, 768, 17, 17]
        }

        return Overflow.Refuse(x.mean([2L, 3L]), () => "InceptionV3").MoveToOuterDisposeScope(); // [B, 2048]
    }

    /// <summary>Scales to 299 x 299 by bilinear interpolation without filtering, [B, 3, 299, 299], as the published numbers do.</summary>
    public static Tensor Resize(Tensor pixels) =>
        nn.functional.interpolate(pixels, size: [InputSize, InputSize], mode: InterpolationMode.Bilinear, align_corners: false);

    /// <summary>Class logits without the bias, [B, 1008], from features [B, 2048], for torch-fidelity's Inception Score.</summary>
    public Tensor Logits(Tensor features)
    {
        using var frozen = no_grad();
        return nn.functional.linear(features, weights["fc.weight"]);
    }

    /// <summary>Features and logits of pictures of any sizes.</summary>
    public (Features Features, Features Logits) Read(IReadOnlyList<Raster> pictures)
    {
        List<float> features = [], logits = [];
        using var frozen = no_grad();
        foreach (var picture in pictures)
        {
            // One at a time: sizes may differ, and a batch of 299 x 299 pictures is no faster on a CPU.
            using var scope = NewDisposeScope();
            var pooled = Features(RasterPixels.Unit([picture]));
            features.AddRange(pooled.data<float>().ToArray());
            logits.AddRange(Logits(pooled).contiguous().data<float>().ToArray());
        }

        return (new([.. features], FeatureCount), new([.. logits], Classes));
    }

    public void Dispose() => weights.Dispose();

    private static IEnumerable<InceptionConvolution> Convolutions() => [.. Stem, .. Mixed.SelectMany(m => m.Convolutions)];

    // Frees each layer's input once its output exists: at 147 x 147 they are large.
    private static Tensor Step(Tensor x, Func<Tensor, Tensor> layer)
    {
        var y = layer(x);
        x.Dispose();
        return y;
    }
}
