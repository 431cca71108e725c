using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Backbones;

/// <summary>
/// One "Mixed" block of InceptionV3 (Szegedy et al. 2015, arXiv 1512.00567): branches whose outputs are concatenated along the channels. The
/// average pools do not count the border, and the last block pools by maximum, as in the TensorFlow network that defines FID.
/// </summary>
internal sealed class InceptionMixed
{
    private readonly List<InceptionConvolution> convolutions = [];
    private readonly Func<BackboneWeights, Tensor, Tensor[]> forward;
    private readonly string name;

    private InceptionMixed(string name, Func<InceptionMixed, Func<BackboneWeights, Tensor, Tensor[]>> build)
    {
        this.name = name;
        forward = build(this);
    }

    public IReadOnlyList<InceptionConvolution> Convolutions => convolutions;

    /// <param name="weights">Folded.</param>
    /// <param name="x">[B, C, H, W]</param>
    public Tensor Apply(BackboneWeights weights, Tensor x)
    {
        using var scope = NewDisposeScope();
        return cat(forward(weights, x), 1).MoveToOuterDisposeScope();
    }

    /// <summary>Branches of 1 x 1, 5 x 5 and twice 3 x 3 (torchvision's InceptionA).</summary>
    public static InceptionMixed FiveByFive(string name, int channels, int pooled) => new(name, b =>
    {
        var one = b.Chain(channels, new Layer("branch1x1", 64, 1, 1));
        var five = b.Chain(channels, new Layer("branch5x5_1", 48, 1, 1), new Layer("branch5x5_2", 64, 5, 5));
        var twice = b.Chain(channels, new Layer("branch3x3dbl_1", 64, 1, 1), new Layer("branch3x3dbl_2", 96, 3, 3), new Layer("branch3x3dbl_3", 96, 3, 3));
        var pool = b.Chain(channels, new Layer("branch_pool", pooled, 1, 1));
        return (w, x) => [Run(one, w, x), Run(five, w, x), Run(twice, w, x), Run(pool, w, Average(x))];
    });

    /// <summary>Halves the size from 35 to 17 (InceptionB).</summary>
    public static InceptionMixed FirstReduction(string name, int channels) => new(name, b =>
    {
        var three = b.Chain(channels, new Layer("branch3x3", 384, 3, 3, Stride: 2));
        var twice = b.Chain(
            channels, new Layer("branch3x3dbl_1", 64, 1, 1), new Layer("branch3x3dbl_2", 96, 3, 3), new Layer("branch3x3dbl_3", 96, 3, 3, Stride: 2));
        return (w, x) => [Run(three, w, x), Run(twice, w, x), nn.functional.max_pool2d(x, 3, 2)];
    });

    /// <summary>Branches of 1 x 7 and 7 x 1 (InceptionC).</summary>
    public static InceptionMixed SevenBySeven(string name, int channels, int inner) => new(name, b =>
    {
        var one = b.Chain(channels, new Layer("branch1x1", 192, 1, 1));
        var seven = b.Chain(channels, new Layer("branch7x7_1", inner, 1, 1), new Layer("branch7x7_2", inner, 1, 7), new Layer("branch7x7_3", 192, 7, 1));
        var twice = b.Chain(
            channels, new Layer("branch7x7dbl_1", inner, 1, 1), new Layer("branch7x7dbl_2", inner, 7, 1), new Layer("branch7x7dbl_3", inner, 1, 7),
            new Layer("branch7x7dbl_4", inner, 7, 1), new Layer("branch7x7dbl_5", 192, 1, 7));
        var pool = b.Chain(channels, new Layer("branch_pool", 192, 1, 1));
        return (w, x) => [Run(one, w, x), Run(seven, w, x), Run(twice, w, x), Run(pool, w, Average(x))];
    });

    /// <summary>Halves the size from 17 to 8 (InceptionD).</summary>
    public static InceptionMixed SecondReduction(string name, int channels) => new(name, b =>
    {
        var three = b.Chain(channels, new Layer("branch3x3_1", 192, 1, 1), new Layer("branch3x3_2", 320, 3, 3, Stride: 2));
        var seven = b.Chain(
            channels, new Layer("branch7x7x3_1", 192, 1, 1), new Layer("branch7x7x3_2", 192, 1, 7), new Layer("branch7x7x3_3", 192, 7, 1),
            new Layer("branch7x7x3_4", 192, 3, 3, Stride: 2));
        return (w, x) => [Run(three, w, x), Run(seven, w, x), nn.functional.max_pool2d(x, 3, 2)];
    });

    /// <summary>Branches that fork into 1 x 3 and 3 x 1 (InceptionE); the last block pools by maximum.</summary>
    public static InceptionMixed Forked(string name, int channels, bool last) => new(name, b =>
    {
        var one = b.Chain(channels, new Layer("branch1x1", 320, 1, 1));
        var three = b.Chain(channels, new Layer("branch3x3_1", 384, 1, 1));
        var (threeA, threeB) = (b.Chain(384, new Layer("branch3x3_2a", 384, 1, 3)), b.Chain(384, new Layer("branch3x3_2b", 384, 3, 1)));
        var twice = b.Chain(channels, new Layer("branch3x3dbl_1", 448, 1, 1), new Layer("branch3x3dbl_2", 384, 3, 3));
        var (twiceA, twiceB) = (b.Chain(384, new Layer("branch3x3dbl_3a", 384, 1, 3)), b.Chain(384, new Layer("branch3x3dbl_3b", 384, 3, 1)));
        var pool = b.Chain(channels, new Layer("branch_pool", 192, 1, 1));
        return (w, x) =>
        {
            var (fork3, fork2) = (Run(three, w, x), Run(twice, w, x));
            var pooled = last ? nn.functional.max_pool2d(x, 3, 1, 1) : Average(x);
            return [Run(one, w, x), Run(threeA, w, fork3), Run(threeB, w, fork3), Run(twiceA, w, fork2), Run(twiceB, w, fork2), Run(pool, w, pooled)];
        };
    });

    private static Tensor Average(Tensor x) => nn.functional.avg_pool2d(x, 3, 1, 1, count_include_pad: false);

    private static Tensor Run(IReadOnlyList<InceptionConvolution> chain, BackboneWeights weights, Tensor x) =>
        chain.Aggregate(x, (y, convolution) => convolution.Apply(weights, y));

    private InceptionConvolution[] Chain(int channels, params Layer[] layers)
    {
        var chain = new InceptionConvolution[layers.Length];
        for (var i = 0; i < layers.Length; i++)
        {
            var (layer, output, height, width, stride) = layers[i];
            chain[i] = new($"{name}.{layer}", i == 0 ? channels : layers[i - 1].Out, output, height, width, stride, Padded: stride == 1);
        }

        convolutions.AddRange(chain);
        return chain;
    }

    private readonly record struct Layer(string Name, int Out, int Height, int Width, int Stride = 1);
}
