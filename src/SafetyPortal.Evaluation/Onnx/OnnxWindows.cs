using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Onnx;

/// <summary>Operators that slide a window over pictures: convolutions and pools, in two dimensions.</summary>
internal static class OnnxWindows
{
    public static IEnumerable<(string Name, Func<OnnxCall, Tensor[]> Run)> Operators { get; } =
    [
        ("Conv", c => [Convolution(c)]),
        ("ConvTranspose", c => [Transposed(c)]),
        ("MaxPool", c => [MaxPool(c)]),
        ("AveragePool", c => [AveragePool(c)]),
        ("GlobalAveragePool", c => [Picture(c).mean([2L, 3L], keepdim: true)]),
        ("GlobalMaxPool", c => [Picture(c).amax([2L, 3L], keepdim: true)]),
    ];

    private static Tensor Convolution(OnnxCall c)
    {
        var (x, weight) = (Picture(c), c[1]);
        if (weight.dim() != 4)
            throw new OnnxException($"expected a kernel [out, in, height, width], got {OnnxCall.Shape(weight)}");
        var window = Window.Of(c, [weight.size(2), weight.size(3)], x);
        OnnxLimits.Elements([x.size(0), weight.size(0), window.Size(x.size(2), 0), window.Size(x.size(3), 1)]);
        var (padded, padding) = window.Pad(x, 0);
        return nn.functional.conv2d(padded, weight, c.Optional(2), window.Strides, padding, window.Dilations, c.Int("group", 1));
    }

    private static Tensor Transposed(OnnxCall c)
    {
        var (x, weight) = (Picture(c), c[1]);
        if (weight.dim() != 4)
            throw new OnnxException($"expected a kernel [in, out, height, width], got {OnnxCall.Shape(weight)}");
        if (c.Has("output_shape") || c.Text("auto_pad", "NOTSET") is not ("NOTSET" or "VALID"))
            throw new OnnxException("attributes output_shape and auto_pad are not supported");
        var window = Window.Of(c, [weight.size(2), weight.size(3)], x);
        var extra = Window.Pair(c, "output_padding", 0, 0);
        if (window.Before[0] != window.After[0] || window.Before[1] != window.After[1])
            throw new OnnxException("paddings that differ from side to side are not supported");
        var group = c.Int("group", 1);
        long Size(int d) => ((x.size(d + 2) - 1) * window.Strides[d]) + (window.Dilations[d] * (window.Kernel[d] - 1)) + extra[d] + 1;
        OnnxLimits.Elements([x.size(0), weight.size(1) * Math.Clamp(group, 1, OnnxLimits.MaxWindow), Size(0), Size(1)]);
        return nn.functional.conv_transpose2d(x, weight, c.Optional(2), window.Strides, window.Before, extra, window.Dilations, group);
    }

    private static Tensor MaxPool(OnnxCall c)
    {
        if (c.Outputs > 1)
            throw new OnnxException("the positions of the largest values are not supported");
        var x = Picture(c);
        var window = Window.Of(c, null, x);
        var (padded, padding) = window.Pad(x, double.NegativeInfinity);
        return nn.functional.max_pool2d(padded, window.Kernel, window.Strides, padding, window.Dilations, c.Int("ceil_mode", 0) != 0);
    }

    private static Tensor AveragePool(OnnxCall c)
    {
        var x = Picture(c);
        var window = Window.Of(c, null, x);
        var counted = c.Int("count_include_pad", 0) != 0;
        if (window.Dilations is not [1, 1])
            throw new OnnxException("dilated averages are not supported");
        var ceiling = c.Int("ceil_mode", 0) != 0;
        if (window.IsPlain)
            return nn.functional.avg_pool2d(x, window.Kernel, window.Strides, window.Before, ceiling, counted);
        var (padded, _) = window.Pad(x, 0);
        var average = nn.functional.avg_pool2d(padded, window.Kernel, window.Strides, [0, 0], ceiling);
        // What is left out of the count: the average of ones padded alike is the share of each window that counts.
        return counted ? average : average.div(nn.functional.avg_pool2d(window.Pad(ones_like(x), 0).Padded, window.Kernel, window.Strides, [0, 0], ceiling));
    }

    private static Tensor Picture(OnnxCall c) => c[0].dim() == 4
        ? c[0]
        : throw new OnnxException($"expected [batch, channels, height, width], got {OnnxCall.Shape(c[0])}; other numbers of dimensions are not supported");

    /// <summary>Kernel, strides, dilations and paddings, height first.</summary>
    private sealed record Window(long[] Kernel, long[] Strides, long[] Dilations, long[] Before, long[] After)
    {
        /// <summary>Whether libtorch's operators can pad: alike on both sides, at most half a kernel.</summary>
        public bool IsPlain => Enumerable.Range(0, 2).All(d => Before[d] == After[d] && 2 * Before[d] <= Kernel[d]);

        public static Window Of(OnnxCall c, long[]? kernel, Tensor x)
        {
            kernel ??= c.Ints("kernel_shape") ?? throw new OnnxException("attribute kernel_shape is missing");
            Check("kernel_shape", kernel, 2, least: 1);
            var (strides, dilations) = (Pair(c, "strides", 1, 1), Pair(c, "dilations", 1, 1));
            var pads = c.Ints("pads") ?? [0, 0, 0, 0];
            Check("pads", pads, 4, least: 0);
            var window = new Window(kernel, strides, dilations, pads[..2], pads[2..]);
            return c.Text("auto_pad", "NOTSET") switch
            {
                "NOTSET" => window,
                "VALID" => window with { Before = [0, 0], After = [0, 0] },
                "SAME_UPPER" => window.Same(x, upper: true),
                "SAME_LOWER" => window.Same(x, upper: false),
                var other => throw new OnnxException($"auto_pad {other} is not supported"),
            };
        }

        public static long[] Pair(OnnxCall c, string name, long absent, long least)
        {
            var pair = c.Ints(name) ?? [absent, absent];
            Check(name, pair, 2, least);
            return pair;
        }

        /// <summary>What a height (0) or width (1) becomes.</summary>
        public long Size(long size, int d)
        {
            var covered = (Dilations[d] * (Kernel[d] - 1)) + 1;
            var free = size + Before[d] + After[d] - covered;
            return free >= 0 ? (free / Strides[d]) + 1 : throw new OnnxException($"a window of {covered} on a side of {size}");
        }

        /// <summary>The padding left to the operator; paddings that differ from side to side are put on beforehand.</summary>
        public (Tensor Padded, long[] Padding) Pad(Tensor x, double value)
        {
            OnnxLimits.Elements([x.size(0), x.size(1), x.size(2) + Before[0] + After[0], x.size(3) + Before[1] + After[1]]);
            return IsPlain ? (x, Before) : (nn.functional.pad(x, [Before[1], After[1], Before[0], After[0]], PaddingModes.Constant, value), [0, 0]);
        }

        private Window Same(Tensor x, bool upper)
        {
            var (before, after) = (new long[2], new long[2]);
            for (var d = 0; d < 2; d++)
            {
                var output = (x.size(d + 2) + Strides[d] - 1) / Strides[d];
                var total = Math.Max(0, ((output - 1) * Strides[d]) + (Dilations[d] * (Kernel[d] - 1)) + 1 - x.size(d + 2));
                (before[d], after[d]) = upper ? (total / 2, total - (total / 2)) : (total - (total / 2), total / 2);
            }

            return this with { Before = before, After = after };
        }

        private static void Check(string name, long[] values, int count, long least)
        {
            if (values.Length != count || Array.Exists(values, v => v < least || v > OnnxLimits.MaxWindow))
                throw new OnnxException($"{name} is [{string.Join(", ", values)}]; expected {count} numbers from {least} to {OnnxLimits.MaxWindow}, for pictures of two dimensions");
        }
    }
}
