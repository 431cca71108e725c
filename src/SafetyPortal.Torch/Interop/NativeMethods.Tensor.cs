using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Mirror of <c>native/tensor.cpp</c>: lifetime, properties, memory, factories, random numbers, devices and threads.</summary>
internal static partial class NativeMethods
{
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial void sp_free(nint handle);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial void sp_tensor_free(nint handle);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial int sp_sizes(TensorHandle x, Span<long> sizes, int capacity);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial int sp_strides(TensorHandle x, Span<long> strides, int capacity);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial long sp_dim(TensorHandle x);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial long sp_numel(TensorHandle x);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial long sp_nbytes(TensorHandle x);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial long sp_storage_offset(TensorHandle x);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial int sp_dtype(TensorHandle x);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial int sp_device_type(TensorHandle x);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial int sp_device_index(TensorHandle x);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial int sp_is_contiguous(TensorHandle x);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial int sp_is_sparse(TensorHandle x);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_data_ptr(TensorHandle x, out nint data);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_alias(TensorHandle x, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_clone(TensorHandle x, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_contiguous(TensorHandle x, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_copy_(TensorHandle x, TensorHandle source, int nonBlocking);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_set_(TensorHandle x, TensorHandle source);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_pin_memory(TensorHandle x, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_to(TensorHandle x, int type, int deviceType, int deviceIndex, int nonBlocking, int copy, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_from_memory(nint data, long bytes, int type, ReadOnlySpan<long> sizes, int rank, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_empty(ReadOnlySpan<long> sizes, int rank, int type, int deviceType, int deviceIndex, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_full(ReadOnlySpan<long> sizes, int rank, NativeScalar value, int type, int deviceType, int deviceIndex, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_arange(NativeScalar start, NativeScalar stop, NativeScalar step, int type, int deviceType, int deviceIndex, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_linspace(double start, double end, long steps, int type, int deviceType, int deviceIndex, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_logspace(double start, double end, long steps, double @base, int type, int deviceType, int deviceIndex, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_eye(long rows, long columns, int type, int deviceType, int deviceIndex, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_rand(ReadOnlySpan<long> sizes, int rank, GeneratorHandle g, int type, int deviceType, int deviceIndex, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_randn(ReadOnlySpan<long> sizes, int rank, GeneratorHandle g, int type, int deviceType, int deviceIndex, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_randint(long low, long high, ReadOnlySpan<long> sizes, int rank, GeneratorHandle g, int type, int deviceType, int deviceIndex, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_randperm(long n, GeneratorHandle g, int type, int deviceType, int deviceIndex, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_normal_(TensorHandle x, double mean, double std, GeneratorHandle g);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_uniform_(TensorHandle x, double from, double to, GeneratorHandle g);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_random_(TensorHandle x, long from, long to, GeneratorHandle g);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_bernoulli_(TensorHandle x, double p, GeneratorHandle g);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_bernoulli_tensor_(TensorHandle x, TensorHandle p, GeneratorHandle g);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_bernoulli(TensorHandle x, GeneratorHandle g, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_multinomial(TensorHandle x, long samples, int replacement, GeneratorHandle g, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_generator_new(ulong seed, int deviceType, int deviceIndex, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_generator_default(int deviceType, int deviceIndex, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial void sp_generator_free(nint handle);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_generator_set_seed(GeneratorHandle g, ulong seed);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_generator_new_seed(GeneratorHandle g, out ulong seed);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_generator_get_seed(GeneratorHandle g, out ulong seed);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_generator_get_state(GeneratorHandle g, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_generator_set_state(GeneratorHandle g, TensorHandle state);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_manual_seed(ulong seed);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_cuda_device_count(out int count);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_cuda_has_cudnn(out int has);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_cuda_synchronize(int index);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_version();
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial int sp_get_num_threads();
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_set_num_threads(int count);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial int sp_get_num_interop_threads();
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_set_num_interop_threads(int count);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_index(TensorHandle x, ReadOnlySpan<NativeIndex> items, int count, out nint result);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_index_put_(TensorHandle x, ReadOnlySpan<NativeIndex> items, int count, TensorHandle value);
    [LibraryImport(NativeLibraryLoader.Name)] internal static partial nint sp_index_put_accumulate_(TensorHandle x, ReadOnlySpan<nint> items, int count, TensorHandle value, int accumulate);
}
