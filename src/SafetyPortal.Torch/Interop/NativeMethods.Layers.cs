using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Mirror of <c>native/nn.cpp</c> and <c>native/attention.cpp</c>: layers and losses.</summary>
internal static partial class NativeMethods
{
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_linear(TensorHandle x, TensorHandle weight, TensorHandle bias, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_attention(TensorHandle query, TensorHandle key, TensorHandle value, TensorHandle mask, out nint result);
    [LibraryImport(NativeLibraryLoader.Name, StringMarshalling = StringMarshalling.Utf8)] internal static partial nint sp_attention_use(string name);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_embedding(TensorHandle weight, TensorHandle indices, long padding, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_conv2d(TensorHandle x, TensorHandle weight, TensorHandle bias, ReadOnlySpan<long> stride, ReadOnlySpan<long> padding, ReadOnlySpan<long> dilation, long groups, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_conv_transpose2d(TensorHandle x, TensorHandle weight, TensorHandle bias, ReadOnlySpan<long> stride, ReadOnlySpan<long> padding, ReadOnlySpan<long> outputPadding, long groups, ReadOnlySpan<long> dilation, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_group_norm(TensorHandle x, long groups, TensorHandle weight, TensorHandle bias, double eps, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_layer_norm(TensorHandle x, ReadOnlySpan<long> shape, int rank, TensorHandle weight, TensorHandle bias, double eps, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_batch_norm(TensorHandle x, TensorHandle weight, TensorHandle bias, TensorHandle mean, TensorHandle var, int training, double momentum, double eps, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_dropout(TensorHandle x, double p, int training, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_max_pool2d(TensorHandle x, ReadOnlySpan<long> kernel, ReadOnlySpan<long> stride, ReadOnlySpan<long> padding, ReadOnlySpan<long> dilation, int ceil, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_avg_pool2d(TensorHandle x, ReadOnlySpan<long> kernel, ReadOnlySpan<long> stride, ReadOnlySpan<long> padding, int ceil, int countPadding, long divisor, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_adaptive_avg_pool2d(TensorHandle x, ReadOnlySpan<long> size, out nint result);
    [LibraryImport(NativeLibraryLoader.Name, StringMarshalling = StringMarshalling.Utf8)] internal static partial nint sp_pad(TensorHandle x, ReadOnlySpan<long> pad, int count, string mode, double value, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_interpolate2d(TensorHandle x, ReadOnlySpan<long> size, double scaleHeight, double scaleWidth, int mode, int alignCorners, int antialias, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_grid_sample(TensorHandle x, TensorHandle grid, int mode, int padding, int alignCorners, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_affine_grid(TensorHandle theta, ReadOnlySpan<long> size, int rank, int alignCorners, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_unfold(TensorHandle x, ReadOnlySpan<long> kernel, ReadOnlySpan<long> dilation, ReadOnlySpan<long> padding, ReadOnlySpan<long> stride, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_one_hot(TensorHandle x, long classes, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_cosine_similarity(TensorHandle x, TensorHandle y, long dim, double eps, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_mse_loss(TensorHandle x, TensorHandle y, int reduction, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_l1_loss(TensorHandle x, TensorHandle y, int reduction, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_smooth_l1_loss(TensorHandle x, TensorHandle y, int reduction, double beta, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_huber_loss(TensorHandle x, TensorHandle y, int reduction, double delta, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_kl_div(TensorHandle x, TensorHandle y, int reduction, int logTarget, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_cross_entropy(TensorHandle x, TensorHandle y, TensorHandle weight, int reduction, long ignore, double smoothing, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_nll_loss(TensorHandle x, TensorHandle y, TensorHandle weight, int reduction, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_bce_with_logits(TensorHandle x, TensorHandle y, TensorHandle weight, TensorHandle positiveWeight, int reduction, out nint result);
}
