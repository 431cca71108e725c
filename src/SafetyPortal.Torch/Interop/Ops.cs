using static TorchSharp.torch;

namespace TorchSharp.Interop;

/// <summary>
/// The layers and losses of libtorch as C# sees them; <c>torch.nn.functional</c> is built on these. Sizes, strides and paddings hold
/// height and width; reduction is 0 none, 1 mean, 2 sum.
/// </summary>
internal static class Ops
{
    internal static Tensor Linear(Tensor x, Tensor weight, Tensor? bias) =>
        NativeError.Result(NativeMethods.sp_linear(x.handle, weight.handle, Tensor.Optional(bias), out var r), r);

    /// <summary>Rows of the weight; padding is the row whose gradient stays zero, or -1.</summary>
    internal static Tensor Embedding(Tensor weight, Tensor indices, long padding = -1) =>
        NativeError.Result(NativeMethods.sp_embedding(weight.handle, indices.handle, padding, out var r), r);

    internal static Tensor Conv2d(Tensor x, Tensor weight, Tensor? bias, ReadOnlySpan<long> stride, ReadOnlySpan<long> padding, ReadOnlySpan<long> dilation, long groups) =>
        NativeError.Result(NativeMethods.sp_conv2d(x.handle, weight.handle, Tensor.Optional(bias), Pair(stride), Pair(padding), Pair(dilation), groups, out var r), r);

    internal static Tensor ConvTranspose2d(Tensor x, Tensor weight, Tensor? bias, ReadOnlySpan<long> stride, ReadOnlySpan<long> padding, ReadOnlySpan<long> outputPadding, ReadOnlySpan<long> dilation, long groups) =>
        NativeError.Result(NativeMethods.sp_conv_transpose2d(x.handle, weight.handle, Tensor.Optional(bias), Pair(stride), Pair(padding), Pair(outputPadding), groups, Pair(dilation), out var r), r);

    internal static Tensor GroupNorm(Tensor x, long groups, Tensor? weight, Tensor? bias, double eps) =>
        NativeError.Result(NativeMethods.sp_group_norm(x.handle, groups, Tensor.Optional(weight), Tensor.Optional(bias), eps, out var r), r);

    internal static Tensor LayerNorm(Tensor x, ReadOnlySpan<long> shape, Tensor? weight, Tensor? bias, double eps) =>
        NativeError.Result(NativeMethods.sp_layer_norm(x.handle, shape, shape.Length, Tensor.Optional(weight), Tensor.Optional(bias), eps, out var r), r);

    internal static Tensor BatchNorm(Tensor x, Tensor? weight, Tensor? bias, Tensor? mean, Tensor? var, bool training, double momentum, double eps) =>
        NativeError.Result(NativeMethods.sp_batch_norm(x.handle, Tensor.Optional(weight), Tensor.Optional(bias), Tensor.Optional(mean), Tensor.Optional(var), training ? 1 : 0, momentum, eps, out var r), r);

    internal static Tensor Dropout(Tensor x, double p, bool training) =>
        NativeError.Result(NativeMethods.sp_dropout(x.handle, p, training ? 1 : 0, out var r), r);

    internal static Tensor Gelu(Tensor x, bool tanh) =>
        NativeError.Result(NativeMethods.sp_gelu(x.handle, tanh ? 1 : 0, out var r), r);

    internal static Tensor LeakyRelu(Tensor x, double slope) =>
        NativeError.Result(NativeMethods.sp_leaky_relu(x.handle, slope, out var r), r);

    internal static Tensor Silu_(Tensor x) => InPlace(NativeMethods.sp_silu_(x.handle), x);

    internal static Tensor Relu_(Tensor x) => InPlace(NativeMethods.sp_relu_(x.handle), x);

    internal static Tensor MaxPool2d(Tensor x, ReadOnlySpan<long> kernel, ReadOnlySpan<long> stride, ReadOnlySpan<long> padding, ReadOnlySpan<long> dilation, bool ceil) =>
        NativeError.Result(NativeMethods.sp_max_pool2d(x.handle, Pair(kernel), Pair(stride), Pair(padding), Pair(dilation), ceil ? 1 : 0, out var r), r);

    internal static Tensor AvgPool2d(Tensor x, ReadOnlySpan<long> kernel, ReadOnlySpan<long> stride, ReadOnlySpan<long> padding, bool ceil, bool countPadding, long? divisor) =>
        NativeError.Result(NativeMethods.sp_avg_pool2d(x.handle, Pair(kernel), Pair(stride), Pair(padding), ceil ? 1 : 0, countPadding ? 1 : 0, divisor ?? 0, out var r), r);

    internal static Tensor AdaptiveAvgPool2d(Tensor x, ReadOnlySpan<long> size) =>
        NativeError.Result(NativeMethods.sp_adaptive_avg_pool2d(x.handle, Pair(size), out var r), r);

    /// <summary>pad: before and after, from the last dimension backwards; mode: "constant", "reflect", "replicate" or "circular".</summary>
    internal static Tensor Pad(Tensor x, ReadOnlySpan<long> pad, string mode, double value) =>
        NativeError.Result(NativeMethods.sp_pad(x.handle, pad, pad.Length, mode, value, out var r), r);

    /// <summary>mode: 0 nearest, 1 nearest-exact, 2 bilinear, 3 bicubic, 4 area; scales are 0 when only the size is known.</summary>
    internal static Tensor Interpolate2d(Tensor x, ReadOnlySpan<long> size, double scaleHeight, double scaleWidth, int mode, bool alignCorners, bool antialias) =>
        NativeError.Result(NativeMethods.sp_interpolate2d(x.handle, Pair(size), scaleHeight, scaleWidth, mode, alignCorners ? 1 : 0, antialias ? 1 : 0, out var r), r);

    /// <summary>mode: 0 bilinear, 1 nearest, 2 bicubic; padding: 0 zeros, 1 border, 2 reflection.</summary>
    internal static Tensor GridSample(Tensor x, Tensor grid, int mode, int padding, bool alignCorners) =>
        NativeError.Result(NativeMethods.sp_grid_sample(x.handle, grid.handle, mode, padding, alignCorners ? 1 : 0, out var r), r);

    internal static Tensor AffineGrid(Tensor theta, ReadOnlySpan<long> size, bool alignCorners) =>
        NativeError.Result(NativeMethods.sp_affine_grid(theta.handle, size, size.Length, alignCorners ? 1 : 0, out var r), r);

    internal static Tensor Unfold(Tensor x, ReadOnlySpan<long> kernel, ReadOnlySpan<long> dilation, ReadOnlySpan<long> padding, ReadOnlySpan<long> stride) =>
        NativeError.Result(NativeMethods.sp_unfold(x.handle, Pair(kernel), Pair(dilation), Pair(padding), Pair(stride), out var r), r);

    internal static Tensor OneHot(Tensor x, long classes) =>
        NativeError.Result(NativeMethods.sp_one_hot(x.handle, classes, out var r), r);

    internal static Tensor CosineSimilarity(Tensor x, Tensor y, long dim, double eps) =>
        NativeError.Result(NativeMethods.sp_cosine_similarity(x.handle, y.handle, dim, eps, out var r), r);

    internal static Tensor MseLoss(Tensor x, Tensor y, int reduction) =>
        NativeError.Result(NativeMethods.sp_mse_loss(x.handle, y.handle, reduction, out var r), r);

    internal static Tensor L1Loss(Tensor x, Tensor y, int reduction) =>
        NativeError.Result(NativeMethods.sp_l1_loss(x.handle, y.handle, reduction, out var r), r);

    internal static Tensor SmoothL1Loss(Tensor x, Tensor y, int reduction, double beta) =>
        NativeError.Result(NativeMethods.sp_smooth_l1_loss(x.handle, y.handle, reduction, beta, out var r), r);

    internal static Tensor HuberLoss(Tensor x, Tensor y, int reduction, double delta) =>
        NativeError.Result(NativeMethods.sp_huber_loss(x.handle, y.handle, reduction, delta, out var r), r);

    internal static Tensor KlDiv(Tensor x, Tensor y, int reduction, bool logTarget) =>
        NativeError.Result(NativeMethods.sp_kl_div(x.handle, y.handle, reduction, logTarget ? 1 : 0, out var r), r);

    internal static Tensor CrossEntropy(Tensor x, Tensor y, Tensor? weight, int reduction, long ignore, double smoothing) =>
        NativeError.Result(NativeMethods.sp_cross_entropy(x.handle, y.handle, Tensor.Optional(weight), reduction, ignore, smoothing, out var r), r);

    internal static Tensor NllLoss(Tensor x, Tensor y, Tensor? weight, int reduction) =>
        NativeError.Result(NativeMethods.sp_nll_loss(x.handle, y.handle, Tensor.Optional(weight), reduction, out var r), r);

    internal static Tensor BceWithLogits(Tensor x, Tensor y, Tensor? weight, Tensor? positiveWeight, int reduction) =>
        NativeError.Result(NativeMethods.sp_bce_with_logits(x.handle, y.handle, Tensor.Optional(weight), Tensor.Optional(positiveWeight), reduction, out var r), r);

    internal static Tensor BinaryCrossEntropy(Tensor x, Tensor y, Tensor? weight, int reduction) =>
        NativeError.Result(NativeMethods.sp_binary_cross_entropy(x.handle, y.handle, Tensor.Optional(weight), reduction, out var r), r);

    private static Tensor InPlace(nint error, Tensor x)
    {
        NativeError.Check(error);
        return x;
    }

    /// <summary>The shim reads exactly two numbers; one stands for both.</summary>
    private static ReadOnlySpan<long> Pair(ReadOnlySpan<long> values) => values.Length switch
    {
        2 => values,
        1 => new[] { values[0], values[0] },
        _ => throw new ArgumentException($"Expected one number or height and width, got {values.Length} numbers.", nameof(values)),
    };
}
