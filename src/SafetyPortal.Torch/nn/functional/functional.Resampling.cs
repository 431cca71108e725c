using static TorchSharp.Interop.NativeError;
using static TorchSharp.Interop.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            /// <summary>Resizes the two last dimensions of [B, C, H, W].</summary>
            /// <param name="x">[B, C, H, W].</param>
            /// <param name="size">Height and width; or give <paramref name="scale_factor"/>.</param>
            /// <param name="scale_factor">Factors of height and width.</param>
            /// <param name="mode">Nearest, NearestExact, Bilinear, Bicubic or Area.</param>
            /// <param name="align_corners">Whether corner pixels keep their places (bilinear and bicubic).</param>
            /// <param name="recompute_scale_factor">Derive the factor from the rounded size again.</param>
            /// <param name="antialias">Widen the kernel when shrinking (bilinear and bicubic).</param>
            public static Tensor interpolate(
                Tensor x, long[]? size = null, double[]? scale_factor = null, InterpolationMode mode = InterpolationMode.Nearest,
                bool? align_corners = null, bool recompute_scale_factor = false, bool antialias = false)
            {
                if (x.dim() != 4)
                    throw new ArgumentException($"interpolate expects [B, C, H, W], got {x.dim()} dimensions.", nameof(x));
                if ((size is null) == (scale_factor is null))
                    throw new ArgumentException("interpolate expects either a size or a scale factor.", nameof(size));
                if ((size?.Length ?? scale_factor!.Length) != 2)
                    throw new ArgumentException("interpolate expects two numbers, for height and width.", nameof(size));
                var target = size ?? [(long)Math.Floor(x.size(2) * scale_factor![0]), (long)Math.Floor(x.size(3) * scale_factor[1])];
                var (scaleHeight, scaleWidth) = scale_factor is null || recompute_scale_factor ? (0, 0) : (scale_factor[0], scale_factor[1]);
                return Result(
                    sp_interpolate2d(
                        x.handle, target, scaleHeight, scaleWidth, NativeMode(mode), Flag(align_corners ?? false), Flag(antialias), out var result),
                    result);
            }

            public static Tensor upsample_nearest2d(Tensor input, long[]? outputSizes = null, double[]? scaleFactors = null) =>
                interpolate(input, outputSizes, scaleFactors);

            /// <summary>Pads from the last dimension backwards: (left, right), then (top, bottom), ...</summary>
            public static Tensor pad(Tensor input, ReadOnlySpan<long> pad, PaddingModes mode = PaddingModes.Constant, double value = 0)
            {
                var name = mode switch
                {
                    PaddingModes.Reflect => "reflect",
                    PaddingModes.Replicate => "replicate",
                    PaddingModes.Circular => "circular",
                    _ => "constant",
                };
                return Result(sp_pad(input.handle, pad, pad.Length, name, value, out var result), result);
            }

            /// <inheritdoc cref="pad(Tensor, ReadOnlySpan{long}, PaddingModes, double)"/>
            public static Tensor pad(Tensor input, long[] pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                functional.pad(input, (ReadOnlySpan<long>)pad, mode, value);

            /// <summary>Pads the last dimension on the left and right.</summary>
            public static Tensor pad(Tensor input, (long, long) pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                functional.pad(input, [pad.Item1, pad.Item2], mode, value);

            /// <summary>Pads the two last dimensions: left, right, top, bottom.</summary>
            public static Tensor pad(Tensor input, (long, long, long, long) pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                functional.pad(input, [pad.Item1, pad.Item2, pad.Item3, pad.Item4], mode, value);

            /// <summary>Pads the last dimension by the same amount on both sides.</summary>
            public static Tensor pad(Tensor input, long pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                functional.pad(input, [pad, pad], mode, value);

            /// <summary>Samples an image at the places a grid names.</summary>
            /// <param name="input">[B, C, H, W].</param>
            /// <param name="grid">[B, h, w, 2]: x and y in -1..1.</param>
            /// <param name="mode">Interpolation.</param>
            /// <param name="padding_mode">What lies outside.</param>
            /// <param name="align_corners">Whether -1 and 1 are pixel centres rather than edges.</param>
            public static Tensor grid_sample(
                Tensor input, Tensor grid, GridSampleMode mode = GridSampleMode.Bilinear,
                GridSamplePaddingMode padding_mode = GridSamplePaddingMode.Zeros, bool? align_corners = null)
            {
                var interpolation = mode == GridSampleMode.Bilinear ? 0 : 1;
                var outside = padding_mode switch
                {
                    GridSamplePaddingMode.Border => 1,
                    GridSamplePaddingMode.Reflection => 2,
                    _ => 0,
                };
                return Result(sp_grid_sample(input.handle, grid.handle, interpolation, outside, Flag(align_corners ?? false), out var result), result);
            }

            /// <summary>The grid of affine maps.</summary>
            /// <param name="theta">[B, 2, 3].</param>
            /// <param name="size">B, C, H, W of the image to be sampled.</param>
            /// <param name="align_corners">As in <see cref="grid_sample"/>.</param>
            public static Tensor affine_grid(Tensor theta, long[]? size = null, bool align_corners = false)
            {
                ArgumentNullException.ThrowIfNull(size);
                return Result(sp_affine_grid(theta.handle, size, size.Length, Flag(align_corners), out var result), result);
            }

            /// <summary>Sliding blocks as columns: [B, C, H, W] to [B, C kh kw, L].</summary>
            public static Tensor unfold(
                Tensor input, (long, long) kernel_size, (long, long)? dilation = null, (long, long)? padding = null, (long, long)? stride = null) =>
                Result(
                    sp_unfold(
                        input.handle, Array(kernel_size), Pair(Array(dilation), 1), Pair(Array(padding), 0), Pair(Array(stride), 1), out var result),
                    result);

            public static Tensor unfold(Tensor input, long kernel_size, long dilation = 1, long padding = 0, long stride = 1) =>
                unfold(input, (kernel_size, kernel_size), (dilation, dilation), (padding, padding), (stride, stride));

            private static int NativeMode(InterpolationMode mode) => mode switch
            {
                InterpolationMode.Nearest => 0,
                InterpolationMode.NearestExact => 1,
                InterpolationMode.Bilinear => 2,
                InterpolationMode.Bicubic => 3,
                InterpolationMode.Area => 4,
                _ => throw new ArgumentException($"interpolate of an image does not know the mode {mode}.", nameof(mode)),
            };
        }
    }
}
