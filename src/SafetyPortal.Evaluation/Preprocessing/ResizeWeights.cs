namespace SafetyPortal.Evaluation.Preprocessing;

/// <summary>How a resize weighs the pixels around a position.</summary>
internal enum ResizeFilter
{
    /// <summary>Keys' cubic, two pixels to each side.</summary>
    Bicubic,

    /// <summary>A triangle, one pixel to each side.</summary>
    Bilinear,
}

/// <summary>For each output position of a one-dimensional resize, the first input position and the weights of it and its successors.</summary>
/// <remarks>Bicubic is Keys 1981, cubic convolution: <c>(a+2)|x|^3 - (a+3)|x|^2 + 1</c> up to 1, <c>a|x|^3 - 5a|x|^2 + 8a|x| - 4a</c> up to 2.</remarks>
internal sealed record ResizeWeights(int[] Start, double[][] Weights)
{
    // Pillow and torchvision's antialiased resize use Keys' -1/2, libtorch's interpolation -3/4.
    private const double PillowSharpness = -0.5;
    private const double TorchSharpness = -0.75;

    /// <summary>The kernel widened when shrinking, cut at the border and normalised: Pillow's resize, torchvision's with antialias.</summary>
    public static ResizeWeights Antialiased(int input, int output, ResizeFilter filter = ResizeFilter.Bicubic)
    {
        var scale = (double)input / output;
        var stretch = Math.Max(scale, 1);
        var support = (filter == ResizeFilter.Bicubic ? 2 : 1) * stretch;
        var (start, weights) = (new int[output], new double[output][]);
        for (var i = 0; i < output; i++)
        {
            var centre = (i + 0.5) * scale;
            var first = Math.Max((int)(centre - support + 0.5), 0);
            var end = Math.Min((int)(centre + support + 0.5), input);
            var row = Enumerable.Range(first, end - first).Select(x => Weight((x - centre + 0.5) / stretch)).ToArray();
            var sum = row.Sum();
            (start[i], weights[i]) = (first, [.. row.Select(w => w / sum)]);
        }

        return new(start, weights);

        double Weight(double x) => filter == ResizeFilter.Bicubic ? Kernel(x, PillowSharpness) : Math.Max(0, 1 - Math.Abs(x));
    }

    /// <summary>Four taps at any scale with border pixels repeated: libtorch's bicubic interpolation with unaligned corners.</summary>
    public static ResizeWeights Interpolating(int input, int output)
    {
        var scale = (double)input / output;
        var (start, weights) = (new int[output], new double[output][]);
        for (var i = 0; i < output; i++)
        {
            var position = ((i + 0.5) * scale) - 0.5;
            var floor = (int)Math.Floor(position);
            var first = Math.Clamp(floor - 1, 0, input - 1);
            var row = new double[Math.Clamp(floor + 2, 0, input - 1) - first + 1];
            for (var tap = floor - 1; tap <= floor + 2; tap++)
                row[Math.Clamp(tap, 0, input - 1) - first] += Kernel(tap - position, TorchSharpness);
            (start[i], weights[i]) = (first, row);
        }

        return new(start, weights);
    }

    private static double Kernel(double x, double a)
    {
        x = Math.Abs(x);
        if (x < 1)
            return (((((a + 2) * x) - (a + 3)) * x) * x) + 1;
        return x < 2 ? (((((x - 5) * x) + 8) * x) - 4) * a : 0;
    }
}
