using System.Runtime.InteropServices;
using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    private static ScalarType defaultType = ScalarType.Float32;
    private static Device? defaultDevice;

    /// <summary>Element type of factories that are not told one: float32 unless set.</summary>
    public static ScalarType get_default_dtype() => defaultType;

    public static void set_default_dtype(ScalarType dtype) => defaultType = dtype;

    public static Device get_default_device() => defaultDevice ?? CPU;

    public static void set_default_device(Device device) => defaultDevice = device;

    public static void set_default_device(string device) => defaultDevice = new Device(device);

    public static Tensor empty_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        empty((ReadOnlySpan<long>)input.shape, dtype ?? input.dtype, device ?? input.device, requires_grad);

    public static Tensor zeros_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        full_like(input, 0, dtype, device, requires_grad);

    public static Tensor ones_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        full_like(input, 1, dtype, device, requires_grad);

    public static Tensor full_like(Tensor input, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        full((ReadOnlySpan<long>)input.shape, value, dtype ?? input.dtype, device ?? input.device, requires_grad);

    public static Tensor rand_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        rand((ReadOnlySpan<long>)input.shape, dtype ?? input.dtype, device ?? input.device, requires_grad);

    public static Tensor randn_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        randn((ReadOnlySpan<long>)input.shape, dtype ?? input.dtype, device ?? input.device, requires_grad);

    /// <summary>Integers from 0 up to, not including, <paramref name="high"/>; int64 unless told otherwise.</summary>
    public static Tensor randint(long high, long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        randint(0, high, size, dtype, device, requires_grad, generator);

    public static Tensor randint(long low, long high, long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        Finish(NativeMethods.sp_randint(low, high, size, size.Length, Source(generator), Kind(dtype ?? ScalarType.Int64), (int)Place(device).type, Place(device).index, out var r), r, requires_grad);

    /// <summary>A random order of 0 to n - 1; int64 unless told otherwise.</summary>
    public static Tensor randperm(long n, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        Finish(NativeMethods.sp_randperm(n, Source(generator), Kind(dtype ?? ScalarType.Int64), (int)Place(device).type, Place(device).index, out var r), r, requires_grad);

    public static Tensor arange(Scalar stop, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        arange(0, stop, 1, dtype, device, requires_grad);

    public static Tensor arange(Scalar start, Scalar stop, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        arange(start, stop, 1, dtype, device, requires_grad);

    /// <summary>start, start + step, ... below stop; int64 when all three are integers, else the default type.</summary>
    public static Tensor arange(Scalar start, Scalar stop, Scalar step, ScalarType? dtype = null, Device? device = null, bool requires_grad = false)
    {
        var integers = start.Type == ScalarType.Int64 && stop.Type == ScalarType.Int64 && step.Type == ScalarType.Int64;
        var type = dtype ?? (integers ? ScalarType.Int64 : get_default_dtype());
        return Finish(NativeMethods.sp_arange(start.Value, stop.Value, step.Value, (int)type, (int)Place(device).type, Place(device).index, out var r), r, requires_grad);
    }

    public static Tensor linspace(double start, double end, long steps, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Finish(NativeMethods.sp_linspace(start, end, steps, Kind(dtype), (int)Place(device).type, Place(device).index, out var r), r, requires_grad);

    public static Tensor logspace(double start, double end, long steps, double @base = 10, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Finish(NativeMethods.sp_logspace(start, end, steps, @base, Kind(dtype), (int)Place(device).type, Place(device).index, out var r), r, requires_grad);

    public static Tensor eye(long rows, long columns = -1, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Finish(NativeMethods.sp_eye(rows, columns < 0 ? rows : columns, Kind(dtype), (int)Place(device).type, Place(device).index, out var r), r, requires_grad);

    /// <summary>A copy of a .NET array of any rank.</summary>
    /// <exception cref="ArgumentException">No tensor holds its elements.</exception>
    public static Tensor from_array(Array rawArray, Device? device = null) => from_array(rawArray, null, device);

    public static unsafe Tensor from_array(Array rawArray, ScalarType? dtype, Device? device = null, bool requires_grad = false)
    {
        var type = TypeOf(rawArray.GetType().GetElementType()!);
        var sizes = Enumerable.Range(0, rawArray.Rank).Select(d => (long)rawArray.GetLength(d)).ToArray();
        fixed (byte* memory = &MemoryMarshal.GetArrayDataReference(rawArray))
            return FromMemory((nint)memory, rawArray.LongLength * type.ElementSize(), type, sizes, dtype, device, requires_grad);
    }

    public static Tensor as_tensor(Tensor data, ScalarType? dtype = null, Device? device = null) =>
        data.to(dtype ?? data.dtype, device ?? data.device);

    public static Tensor as_tensor(Array data, ScalarType? dtype = null, Device? device = null) => from_array(data, dtype, device);

    /// <summary>A tensor of <paramref name="count"/> elements copied from the array, from element <paramref name="offset"/> on.</summary>
    public static unsafe Tensor frombuffer(Array rawArray, ScalarType dtype, long count = -1, long offset = 0, bool requires_grad = false)
    {
        var from = TypeOf(rawArray.GetType().GetElementType()!);
        var elements = count < 0 ? rawArray.LongLength - offset : count;
        if (offset < 0 || elements < 0 || offset + elements > rawArray.LongLength)
            throw new ArgumentException($"Elements {offset} to {offset + elements} are outside an array of {rawArray.LongLength}.", nameof(count));
        fixed (byte* memory = &MemoryMarshal.GetArrayDataReference(rawArray))
            return FromMemory((nint)memory + (nint)(offset * from.ElementSize()), elements * from.ElementSize(), from, [elements], dtype, null, requires_grad);
    }

    private static Device Place(Device? device) => device ?? get_default_device();

    private static int Kind(ScalarType? dtype) => (int)(dtype ?? defaultType);

    private static GeneratorHandle Source(Generator? generator) => generator?.handle ?? GeneratorHandle.None;

    private static Tensor Finish(nint error, nint result, bool requiresGrad)
    {
        var tensor = NativeError.Result(error, result);
        if (requiresGrad)
            tensor.requires_grad = true;
        return tensor;
    }

    private static unsafe Tensor FromSpan<T>(ReadOnlySpan<T> values, ReadOnlySpan<long> dimensions, ScalarType? dtype, Device? device, bool requiresGrad)
        where T : unmanaged
    {
        fixed (T* memory = values)
            return FromMemory((nint)memory, (long)values.Length * sizeof(T), TypeOf(typeof(T)), dimensions, dtype, device, requiresGrad);
    }

    private static Tensor FromArray<T>(Array values, ScalarType? dtype, Device? device, bool requiresGrad)
        where T : unmanaged => from_array(values, dtype, device, requiresGrad);

    private static Tensor FromMemory(nint memory, long bytes, ScalarType type, ReadOnlySpan<long> dimensions, ScalarType? dtype, Device? device, bool requiresGrad)
    {
        var made = NativeError.Result(NativeMethods.sp_from_memory(memory, bytes, (int)type, dimensions, dimensions.Length, out var r), r);
        var wanted = dtype ?? type;
        var place = Place(device);
        var tensor = wanted == type && place.type == DeviceType.CPU ? made : made.to(wanted, place, disposeAfter: true);
        if (requiresGrad)
            tensor.requires_grad = true;
        return tensor;
    }
}
