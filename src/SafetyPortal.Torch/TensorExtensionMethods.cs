using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>Conversions between tensors and .NET values.</summary>
public static class TensorExtensionMethods
{
    /// <summary>The only element, converted.</summary>
    public static float ToSingle(this Tensor value) => Read<float>(value, ScalarType.Float32);

    public static double ToDouble(this Tensor value) => Read<double>(value, ScalarType.Float64);

    public static int ToInt32(this Tensor value) => Read<int>(value, ScalarType.Int32);

    public static long ToInt64(this Tensor value) => Read<long>(value, ScalarType.Int64);

    public static bool ToBoolean(this Tensor value) => Read<bool>(value, ScalarType.Bool);

    public static Half ToHalf(this Tensor value) => Read<Half>(value, ScalarType.Float16);

    public static BFloat16 ToBFloat16(this Tensor value) => Read<BFloat16>(value, ScalarType.BFloat16);

    /// <summary>A tensor without dimensions that holds the number.</summary>
    public static Tensor ToTensor<T>(this T scalar, Device? device = null, bool requires_grad = false) where T : struct =>
        from_array(new[] { scalar }, null, device).reshape([]).requires_grad_(requires_grad);

    /// <summary>A tensor of that shape that holds a copy of the array.</summary>
    public static Tensor ToTensor<T>(this T[] rawArray, long[] dimensions, bool doCopy = false, bool requires_grad = false) =>
        from_array(rawArray).reshape(dimensions).requires_grad_(requires_grad);

    /// <summary>Bytes per element.</summary>
    public static int ElementSize(this ScalarType type) => type switch
    {
        ScalarType.Byte or ScalarType.Int8 or ScalarType.Bool => 1,
        ScalarType.Int16 or ScalarType.Float16 or ScalarType.BFloat16 => 2,
        ScalarType.Int32 or ScalarType.Float32 => 4,
        ScalarType.Int64 or ScalarType.Float64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not an element type of this binding."),
    };

    private static T Read<T>(Tensor value, ScalarType type) where T : struct
    {
        if (value.dtype == type)
            return value.item<T>();
        using var converted = value.detach();
        using var typed = converted.to(type);
        return typed.item<T>();
    }
}
