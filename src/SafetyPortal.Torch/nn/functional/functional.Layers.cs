using TorchSharp.Interop;
using static TorchSharp.Interop.NativeError;
using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>Layers and losses without state. Shapes, defaults and errors are libtorch's.</summary>
        public static partial class functional
        {
            /// <summary>x W^T + b over the last dimension.</summary>
            public static Tensor linear(Tensor input, Tensor weights, Tensor? bias = null) =>
                Result(sp_linear(input.handle, weights.handle, Optional(bias), out var result), result);

            /// <summary>Cross-correlation over height and width.</summary>
            /// <param name="input">[B, C, H, W] or [C, H, W].</param>
            /// <param name="weight">[out, C / groups, kh, kw].</param>
            /// <param name="bias">[out] or null.</param>
            /// <param name="strides">One number, or height and width; null is 1.</param>
            /// <param name="padding">Null is 0.</param>
            /// <param name="dilation">Null is 1.</param>
            /// <param name="groups">Divides both channel counts.</param>
            public static Tensor conv2d(
                Tensor input, Tensor weight, Tensor? bias = null, long[]? strides = null, long[]? padding = null, long[]? dilation = null, long groups = 1) =>
                Result(
                    sp_conv2d(input.handle, weight.handle, Optional(bias), Pair(strides, 1), Pair(padding, 0), Pair(dilation, 1), groups, out var result),
                    result);

            public static Tensor conv_transpose2d(
                Tensor input, Tensor weight, Tensor? bias = null, long[]? strides = null, long[]? padding = null, long[]? output_padding = null,
                long[]? dilation = null, long groups = 1) =>
                Result(
                    sp_conv_transpose2d(
                        input.handle, weight.handle, Optional(bias), Pair(strides, 1), Pair(padding, 0), Pair(output_padding, 0), groups, Pair(dilation, 1),
                        out var result),
                    result);

            public static Tensor group_norm(Tensor input, long num_groups, Tensor? weight = null, Tensor? bias = null, double eps = 1e-05) =>
                Result(sp_group_norm(input.handle, num_groups, Optional(weight), Optional(bias), eps, out var result), result);

            public static Tensor layer_norm(Tensor input, long[] normalized_shape, Tensor? weight = null, Tensor? bias = null, double eps = 1e-05) =>
                Result(
                    sp_layer_norm(input.handle, normalized_shape, normalized_shape.Length, Optional(weight), Optional(bias), eps, out var result), result);

            /// <summary>Normalises channels; in training by the batch, updating the running statistics in place, else by those statistics.</summary>
            public static Tensor batch_norm(
                Tensor input, Tensor? running_mean, Tensor? running_var, Tensor? weight = null, Tensor? bias = null, bool training = false,
                double momentum = 0.1, double eps = 1e-05) =>
                Result(
                    sp_batch_norm(
                        input.handle, Optional(weight), Optional(bias), Optional(running_mean), Optional(running_var), Flag(training), momentum, eps,
                        out var result),
                    result);

            /// <summary>Zeroes elements with probability p and scales the rest by 1 / (1 - p); the identity outside training.</summary>
            public static Tensor dropout(Tensor input, double p = 0.5, bool training = true, bool inplace = false)
            {
                var output = Result(sp_dropout(input.handle, p, Flag(training), out var result), result);
                return inplace ? Into(input, output) : output;
            }

            public static Tensor one_hot(Tensor x, long num_classes = -1) => Result(sp_one_hot(x.handle, num_classes, out var result), result);

            public static Tensor cosine_similarity(Tensor x1, Tensor x2, long dim = 1, double eps = 1e-08) =>
                Result(sp_cosine_similarity(x1.handle, x2.handle, dim, eps, out var result), result);

            /// <summary>Divides by the p-norm along <paramref name="dim"/>, but never by less than <paramref name="eps"/>.</summary>
            public static Tensor normalize(Tensor input, double p = 2, long dim = 1, double eps = 1e-12)
            {
                using var norm = linalg.vector_norm(input, p, [dim], keepdim: true);
                using var divisor = norm.clamp((Scalar)eps);
                return input / divisor;
            }

            private static TensorHandle Optional(Tensor? tensor) => tensor is null ? TensorHandle.None : tensor.handle;

            private static int Flag(bool value) => value ? 1 : 0;

            // The shim takes height and width; TorchSharp also takes one number for both.
            private static ReadOnlySpan<long> Pair(long[]? values, long otherwise) => values switch
            {
                null => new[] { otherwise, otherwise },
                { Length: 1 } => new[] { values[0], values[0] },
                { Length: 2 } => values,
                _ => throw new ArgumentException($"Expected one or two numbers, got {values.Length}.", nameof(values)),
            };

            private static long[]? Array((long, long)? pair) => pair is { } both ? [both.Item1, both.Item2] : null;

            private static long[]? Array(long? both) => both is { } value ? [value, value] : null;

            private static Tensor Into(Tensor target, Tensor values)
            {
                using (values)
                    return target.copy_(values);
            }
        }
    }
}
