using System.Text.RegularExpressions;
using SafetyPortal.Diffusion.Checkpoints;

namespace SafetyPortal.Evaluation.Backbones;

/// <summary>One convolution of a backbone: its number in torchvision's <c>features</c>, sizes, and the pool before it.</summary>
internal sealed record LpipsConvolution(int Number, int In, int Out, int Kernel, int Stride, int Padding, int PoolBefore);

/// <summary>The groups of convolutions whose outputs LPIPS compares.</summary>
internal sealed partial class LpipsLayout(string name, IReadOnlyList<IReadOnlyList<LpipsConvolution>> groups)
{
    public static LpipsLayout AlexNet { get; } = new("AlexNet",
    [
        [new(0, 3, 64, 11, 4, 2, PoolBefore: 0)],
        [new(3, 64, 192, 5, 1, 2, PoolBefore: 3)],
        [new(6, 192, 384, 3, 1, 1, PoolBefore: 3)],
        [new(8, 384, 256, 3, 1, 1, PoolBefore: 0)],
        [new(10, 256, 256, 3, 1, 1, PoolBefore: 0)],
    ]);

    public static LpipsLayout Vgg16 { get; } = new("VGG-16",
    [
        [Three(0, 3, 64), Three(2, 64, 64)],
        [Three(5, 64, 128, pool: 2), Three(7, 128, 128)],
        [Three(10, 128, 256, pool: 2), Three(12, 256, 256), Three(14, 256, 256)],
        [Three(17, 256, 512, pool: 2), Three(19, 512, 512), Three(21, 512, 512)],
        [Three(24, 512, 512, pool: 2), Three(26, 512, 512), Three(28, 512, 512)],
    ]);

    /// <summary>Name of the backbone.</summary>
    public string Name => name;

    public IReadOnlyList<IReadOnlyList<LpipsConvolution>> Groups => groups;

    /// <summary>The backbone's tensors as torchvision names them, then the linear layers as LPIPS names them.</summary>
    public IReadOnlyList<ParameterShape> TensorShapes =>
    [
        .. Backbone, .. groups.Select((g, i) => new ParameterShape($"lin{i}.model.1.weight", [1, g[^1].Out, 1, 1])),
    ];

    /// <summary>torchvision's tensors that LPIPS uses.</summary>
    public IReadOnlyList<ParameterShape> Backbone =>
    [
        .. groups.SelectMany(g => g).SelectMany(c => new ParameterShape[]
        {
            new($"features.{c.Number}.weight", [c.Out, c.In, c.Kernel, c.Kernel]), new($"features.{c.Number}.bias", [c.Out]),
        }),
    ];

    /// <summary>
    /// Returns torchvision's name of a tensor in a file, also for the names of LPIPS's whole network (<c>net.slice2.3.weight</c>); null for
    /// torchvision's classifier and LPIPS's scaling constants, which are not used.
    /// </summary>
    public static string? Rename(string fileName)
    {
        if (fileName.StartsWith("classifier.", StringComparison.Ordinal) || fileName.StartsWith("scaling_layer.", StringComparison.Ordinal))
            return null;
        if (Slice().Match(fileName) is { Success: true } slice)
            return "features." + slice.Groups["rest"].Value;
        return List().Match(fileName) is { Success: true } list ? $"lin{list.Groups["number"].Value}.{list.Groups["rest"].Value}" : fileName;
    }

    private static LpipsConvolution Three(int number, int channels, int output, int pool = 0) => new(number, channels, output, 3, 1, 1, pool);

    [GeneratedRegex(@"^net\.slice\d\.(?<rest>.+)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Slice();

    [GeneratedRegex(@"^lins\.(?<number>\d)\.(?<rest>.+)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex List();
}
