using static TorchSharp.Interop.NativeError;
using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            /// <summary>Largest value of each window; a null stride is the kernel's size.</summary>
            public static Tensor max_pool2d(
                Tensor input, long[] kernel_size, long[]? strides = null, long[]? padding = null, long[]? dilation = null, bool ceil_mode = false) =>
                Result(
                    sp_max_pool2d(
                        input.handle, Pair(kernel_size, 0), Pair(strides ?? kernel_size, 0), Pair(padding, 0), Pair(dilation, 1), Flag(ceil_mode),
                        out var result),
                    result);

            public static Tensor max_pool2d(
                Tensor input, (long, long) kernel_size, (long, long)? stride = null, (long, long)? padding = null, (long, long)? dilation = null,
                bool ceil_mode = false) =>
                max_pool2d(input, Array(kernel_size)!, Array(stride), Array(padding), Array(dilation), ceil_mode);

            public static Tensor max_pool2d(
                Tensor input, long kernel_size, long? stride = null, long? padding = null, long? dilation = null, bool ceil_mode = false) =>
                max_pool2d(input, Array(kernel_size)!, Array(stride), Array(padding), Array(dilation), ceil_mode);

            /// <summary>Mean of each window; a null stride is the kernel's size.</summary>
            public static Tensor avg_pool2d(
                Tensor input, long[] kernel_size, long[]? stride = null, long[]? padding = null, bool ceil_mode = false, bool count_include_pad = true,
                long? divisor_override = null) =>
                Result(
                    sp_avg_pool2d(
                        input.handle, Pair(kernel_size, 0), Pair(stride ?? kernel_size, 0), Pair(padding, 0), Flag(ceil_mode), Flag(count_include_pad),
                        divisor_override ?? 0, out var result),
                    result);

            public static Tensor avg_pool2d(
                Tensor input, (long, long) kernel_size, (long, long)? stride = null, (long, long)? padding = null, bool ceil_mode = false,
                bool count_include_pad = true, long? divisor_override = null) =>
                avg_pool2d(input, Array(kernel_size)!, Array(stride), Array(padding), ceil_mode, count_include_pad, divisor_override);

            public static Tensor avg_pool2d(
                Tensor input, long kernel_size, long? stride = null, long padding = 0, bool ceil_mode = false, bool count_include_pad = true,
                long? divisor_override = null) =>
                avg_pool2d(input, Array(kernel_size)!, Array(stride), Array(padding), ceil_mode, count_include_pad, divisor_override);

            /// <summary>Means over windows chosen so that the output has the given height and width.</summary>
            public static Tensor adaptive_avg_pool2d(Tensor input, long[] output_size) =>
                Result(sp_adaptive_avg_pool2d(input.handle, Pair(output_size, 0), out var result), result);

            public static Tensor adaptive_avg_pool2d(Tensor input, (long, long) output_size) => adaptive_avg_pool2d(input, Array(output_size)!);

            public static Tensor adaptive_avg_pool2d(Tensor input, long output_size) => adaptive_avg_pool2d(input, Array(output_size)!);
        }
    }
}
