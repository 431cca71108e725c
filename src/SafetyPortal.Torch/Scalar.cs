using TorchSharp.Interop;

namespace TorchSharp;

/// <summary>A number handed to libtorch: an integer, a floating point number or a boolean.</summary>
public sealed class Scalar : IDisposable
{
    private Scalar(NativeScalar value, torch.ScalarType type)
    {
        Value = value;
        Type = type;
    }

    /// <summary><see cref="torch.ScalarType.Int64"/>, <see cref="torch.ScalarType.Float64"/> or <see cref="torch.ScalarType.Bool"/>.</summary>
    public torch.ScalarType Type { get; }

    internal NativeScalar Value { get; }

    public static implicit operator Scalar(byte value) => Integer(value);

    public static implicit operator Scalar(sbyte value) => Integer(value);

    public static implicit operator Scalar(short value) => Integer(value);

    public static implicit operator Scalar(int value) => Integer(value);

    public static implicit operator Scalar(long value) => Integer(value);

    public static implicit operator Scalar(float value) => Real(value);

    public static implicit operator Scalar(double value) => Real(value);

    public static implicit operator Scalar(Half value) => Real((double)value);

    public static implicit operator Scalar(BFloat16 value) => Real(value.ToSingle());

    public static implicit operator Scalar(bool value) => new(new NativeScalar(2, value ? 1 : 0, 0), torch.ScalarType.Bool);

    /// <summary>Nothing to free; the type is disposable because TorchSharp's is.</summary>
    public void Dispose()
    {
    }

    private static Scalar Integer(long value) => new(new NativeScalar(0, value, 0), torch.ScalarType.Int64);

    private static Scalar Real(double value) => new(new NativeScalar(1, 0, value), torch.ScalarType.Float64);
}
