using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    public sealed class MaxPool2d : ParameterLessModule
    {
        private readonly long[] kernel;
        private readonly long[]? stride;
        private readonly long[]? padding;
        private readonly long[]? dilation;
        private readonly bool ceil;

        internal MaxPool2d(long[] kernel, long[]? stride, long[]? padding, long[]? dilation, bool ceil)
            : base(nameof(MaxPool2d))
        {
            (this.kernel, this.stride, this.padding) = (kernel, stride, padding);
            (this.dilation, this.ceil) = (dilation, ceil);
        }

        public override Tensor forward(Tensor input) => nn.functional.max_pool2d(input, kernel, stride, padding, dilation, ceil);
    }

    public sealed class AvgPool2d : ParameterLessModule
    {
        private readonly long[] kernel;
        private readonly long[]? stride;
        private readonly long[]? padding;
        private readonly bool ceil;
        private readonly bool countPadding;
        private readonly long? divisor;

        internal AvgPool2d(long[] kernel, long[]? stride, long[]? padding, bool ceil, bool countPadding, long? divisor)
            : base(nameof(AvgPool2d))
        {
            (this.kernel, this.stride, this.padding) = (kernel, stride, padding);
            (this.ceil, this.countPadding, this.divisor) = (ceil, countPadding, divisor);
        }

        public override Tensor forward(Tensor input) => nn.functional.avg_pool2d(input, kernel, stride, padding, ceil, countPadding, divisor);
    }

    public sealed class AdaptiveAvgPool2d : ParameterLessModule
    {
        private readonly long[] size;

        internal AdaptiveAvgPool2d(long[] size)
            : base(nameof(AdaptiveAvgPool2d)) => this.size = size;

        public override Tensor forward(Tensor input) => nn.functional.adaptive_avg_pool2d(input, size);
    }

    public sealed class Upsample : ParameterLessModule
    {
        private readonly long[]? size;
        private readonly double[]? factor;
        private readonly InterpolationMode mode;
        private readonly bool? alignCorners;
        private readonly bool recompute;

        internal Upsample(long[]? size, double[]? factor, InterpolationMode mode, bool? alignCorners, bool recompute)
            : base(nameof(Upsample))
        {
            (this.size, this.factor, this.mode) = (size, factor, mode);
            (this.alignCorners, this.recompute) = (alignCorners, recompute);
        }

        public override Tensor forward(Tensor input) => nn.functional.interpolate(input, size, factor, mode, alignCorners, recompute);
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static MaxPool2d MaxPool2d(
                long[] kernel_size, long[]? stride = null, long[]? padding = null, long[]? dilation = null, bool ceil_mode = false) =>
                new(kernel_size, stride, padding, dilation, ceil_mode);

            public static MaxPool2d MaxPool2d(
                (long, long) kernel_size, (long, long)? stride = null, (long, long)? padding = null, (long, long)? dilation = null, bool ceil_mode = false) =>
                new(Both(kernel_size)!, Both(stride), Both(padding), Both(dilation), ceil_mode);

            public static MaxPool2d MaxPool2d(
                long kernel_size, long? stride = null, long? padding = null, long? dilation = null, bool ceil_mode = false) =>
                new([kernel_size, kernel_size], Twice(stride), Twice(padding), Twice(dilation), ceil_mode);

            public static AvgPool2d AvgPool2d(
                long[] kernel_size, long[]? stride = null, long[]? padding = null, bool ceil_mode = false, bool count_include_pad = true,
                long? divisor_override = null) =>
                new(kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override);

            public static AvgPool2d AvgPool2d(
                (long, long) kernel_size, (long, long)? stride = null, (long, long)? padding = null, bool ceil_mode = false, bool count_include_pad = true,
                long? divisor_override = null) =>
                new(Both(kernel_size)!, Both(stride), Both(padding), ceil_mode, count_include_pad, divisor_override);

            public static AvgPool2d AvgPool2d(
                long kernel_size, long? stride = null, long? padding = null, bool ceil_mode = false, bool count_include_pad = true,
                long? divisor_override = null) =>
                new([kernel_size, kernel_size], Twice(stride), Twice(padding), ceil_mode, count_include_pad, divisor_override);

            public static AdaptiveAvgPool2d AdaptiveAvgPool2d(long[] output_size) => new(output_size);

            public static AdaptiveAvgPool2d AdaptiveAvgPool2d((long, long) output_size) => new([output_size.Item1, output_size.Item2]);

            public static AdaptiveAvgPool2d AdaptiveAvgPool2d(long output_size) => new([output_size, output_size]);

            public static Upsample Upsample(
                long[]? size = null, double[]? scale_factor = null, UpsampleMode mode = UpsampleMode.Nearest, bool? align_corners = null,
                bool? recompute_scale_factor = null) =>
                new(size, scale_factor, (InterpolationMode)(int)mode, align_corners, recompute_scale_factor ?? false);

            private static long[]? Both((long, long)? pair) => pair is { } both ? [both.Item1, both.Item2] : null;

            private static long[]? Twice(long? number) => number is { } both ? [both, both] : null;
        }
    }
}
