namespace TorchSharp;

public static partial class torch
{
    public static readonly ScalarType uint8 = ScalarType.Byte;
    public static readonly ScalarType int8 = ScalarType.Int8;
    public static readonly ScalarType int16 = ScalarType.Int16;
    public static readonly ScalarType int32 = ScalarType.Int32;
    public static readonly ScalarType int64 = ScalarType.Int64;
    public static readonly ScalarType float16 = ScalarType.Float16;
    public static readonly ScalarType bfloat16 = ScalarType.BFloat16;
    public static readonly ScalarType float32 = ScalarType.Float32;
    public static readonly ScalarType float64 = ScalarType.Float64;
    public static readonly ScalarType @float = ScalarType.Float32;
    public static readonly ScalarType @bool = ScalarType.Bool;

    /// <summary>Element type of a tensor; the numbers are libtorch's.</summary>
    public enum ScalarType : sbyte
    {
        Byte = 0,
        Int8 = 1,
        Int16 = 2,
        Int32 = 3,
        Int64 = 4,
        Float16 = 5,
        Float32 = 6,
        Float64 = 7,
        Bool = 11,
        BFloat16 = 15,
    }

    /// <summary>How a quotient is rounded: not at all, towards zero, or downwards.</summary>
    public enum RoundingMode
    {
        None = 0,
        trunc = 1,
        floor = 2,
    }

    /// <summary>The element type that holds a .NET type.</summary>
    /// <exception cref="ArgumentException">No element type does.</exception>
    internal static ScalarType TypeOf(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.Byte => ScalarType.Byte,
        TypeCode.SByte => ScalarType.Int8,
        TypeCode.Int16 => ScalarType.Int16,
        TypeCode.Int32 => ScalarType.Int32,
        TypeCode.Int64 => ScalarType.Int64,
        TypeCode.Single => ScalarType.Float32,
        TypeCode.Double => ScalarType.Float64,
        TypeCode.Boolean => ScalarType.Bool,
        _ when type == typeof(Half) => ScalarType.Float16,
        _ when type == typeof(BFloat16) => ScalarType.BFloat16,
        _ => throw new ArgumentException($"A tensor cannot hold elements of type {type.Name}.", nameof(type)),
    };

    /// <summary>Checks that a tensor's elements can be read as <typeparamref name="T"/> without conversion.</summary>
    internal static void RequireElementType<T>(ScalarType actual) where T : struct
    {
        var asked = TypeOf(typeof(T));
        if (asked != actual)
            throw new ArgumentException($"The tensor holds {actual}, not {asked}; convert it with to(ScalarType.{asked}) first.", nameof(actual));
    }
}
