using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Images;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Backbones;

/// <summary>
/// LPIPS, Zhang et al. 2018 (arXiv 1801.03924), version 0.1: how different two pictures look, from 0 for equal ones. It takes features of AlexNet or
/// VGG-16 at unit length per position, weighs their squared differences by trained linear layers, averages over positions and adds up the layers.
/// </summary>
public sealed class Lpips : IDisposable
{
    private const double Epsilon = 1e-10;

    // AlexNet's pools leave nothing of smaller pictures.
    private const int MinSide = 31;

    // LPIPS's scaling layer, for pixels of -1..1.
    private static readonly float[] Shift = [-0.030f, -0.088f, -0.188f];
    private static readonly float[] Scale = [0.458f, 0.448f, 0.450f];

    private readonly LpipsLayout layout;
    private readonly BackboneWeights weights;

    private Lpips(LpipsLayout layout, BackboneWeights weights) => (this.layout, this.weights) = (layout, weights);

    /// <summary>"AlexNet" or "VGG-16".</summary>
    public string Backbone => layout.Name;

    /// <summary>Convolutions of torchvision's AlexNet, then LPIPS's linear layers.</summary>
    public static IReadOnlyList<ParameterShape> AlexNetShapes => LpipsLayout.AlexNet.TensorShapes;

    /// <summary>All tensors of torchvision's AlexNet file; LPIPS does not use the classifier.</summary>
    public static IReadOnlyList<ParameterShape> TorchvisionAlexNetShapes =>
    [
        .. LpipsLayout.AlexNet.Backbone,
        new("classifier.1.weight", [4096, 9216]), new("classifier.1.bias", [4096]),
        new("classifier.4.weight", [4096, 4096]), new("classifier.4.bias", [4096]),
        new("classifier.6.weight", [1000, 4096]), new("classifier.6.bias", [1000]),
    ];

    /// <summary>
    /// Reads safetensors files that together hold the backbone (torchvision's names, or LPIPS's <c>net.slice</c> names) and the linear
    /// layers <c>lin0.model.1.weight</c> to <c>lin4</c>. The tensor names show which backbone it is.
    /// </summary>
    /// <exception cref="ModelFormatException">Tensors are missing, unexpected or misshapen; the message names them.</exception>
    public static Lpips Load(params string[] paths)
    {
        var files = new List<SafetensorsFile>();
        try
        {
            foreach (var path in paths)
                files.Add(SafetensorsFile.Open(path));
            return Load(files);
        }
        finally
        {
            files.ForEach(f => f.Dispose());
        }
    }

    /// <summary>Reads the weights from any sources. The caller disposes them.</summary>
    /// <exception cref="ModelFormatException">Tensors are missing, unexpected or misshapen; the message names them.</exception>
    public static Lpips Load(IReadOnlyList<ITensorSource> sources)
    {
        // VGG-16 has a third convolution at 5, AlexNet a pool.
        var isVgg = sources.SelectMany(s => s.Entries.Keys).Any(name => LpipsLayout.Rename(name) == "features.5.weight");
        var layout = isVgg ? LpipsLayout.Vgg16 : LpipsLayout.AlexNet;
        return new(layout, BackboneWeights.Read($"LPIPS with {layout.Name}", layout.TensorShapes, sources, LpipsLayout.Rename));
    }

    /// <summary>The distance of each pair.</summary>
    /// <param name="first">[B, 3, H, W] of -1..1</param>
    /// <param name="second">The same shape.</param>
    /// <returns>One part per layer, [B, 5]; the distance is their sum.</returns>
    public Tensor Layers(Tensor first, Tensor second)
    {
        if (first.dim() != 4 || first.size(1) != 3 || !first.shape.SequenceEqual(second.shape))
        {
            throw new ArgumentException(
                $"Expected two tensors [B, 3, H, W] of one shape, got [{string.Join(", ", first.shape)}] and [{string.Join(", ", second.shape)}].",
                nameof(first));
        }

        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var (x, y) = (Scaled(first), Scaled(second));
        var parts = new Tensor[layout.Groups.Count];
        for (var i = 0; i < parts.Length; i++)
        {
            (x, y) = (Apply(layout.Groups[i], x), Apply(layout.Groups[i], y)); // [B, C, H', W']
            var difference = (Unit(x) - Unit(y)).square();
            parts[i] = nn.functional.conv2d(difference, weights[$"lin{i}.model.1.weight"]).mean([1L, 2L, 3L]); // [B]
        }

        return Overflow.Refuse(stack(parts, 1), () => $"LPIPS with {layout.Name}").MoveToOuterDisposeScope(); // [B, 5]
    }

    /// <summary>The distance of two pictures of one size.</summary>
    /// <exception cref="ArgumentException">The sizes differ or are too small for the network.</exception>
    public double Compare(Raster first, Raster second)
    {
        if (Math.Min(first.Width, first.Height) < MinSide)
            throw new ArgumentException($"Expected pictures of at least {MinSide} x {MinSide} pixels, got {first.Width} x {first.Height}.", nameof(first));
        using var scope = NewDisposeScope();
        var pixels = (RasterPixels.Unit([first, second]) * 2) - 1; // [2, 3, H, W]
        return Layers(pixels.narrow(0, 0, 1), pixels.narrow(0, 1, 1)).sum().ToDouble();
    }

    public void Dispose() => weights.Dispose();

    private static Tensor Scaled(Tensor pixels) => (pixels - tensor(Shift).view(1, 3, 1, 1)) / tensor(Scale).view(1, 3, 1, 1);

    private static Tensor Unit(Tensor x) => x / (x.square().sum(1, keepdim: true).sqrt() + Epsilon);

    private Tensor Apply(IReadOnlyList<LpipsConvolution> group, Tensor x)
    {
        foreach (var c in group)
        {
            if (c.PoolBefore > 0)
                x = nn.functional.max_pool2d(x, c.PoolBefore, 2);
            var (weight, bias) = (weights[$"features.{c.Number}.weight"], weights[$"features.{c.Number}.bias"]);
            x = nn.functional.conv2d(x, weight, bias, [c.Stride, c.Stride], [c.Padding, c.Padding]).relu();
        }

        return x;
    }
}
