namespace TorchSharp;

/// <summary>The upper half of a float32: 8 bits of exponent, 7 of mantissa. Conversion rounds to nearest, ties to even.</summary>
public readonly struct BFloat16 : IEquatable<BFloat16>
{
    private readonly ushort bits;

    public BFloat16(float value)
    {
        var wide = BitConverter.SingleToUInt32Bits(value);
        bits = float.IsNaN(value) ? (ushort)0x7FC0 : (ushort)((wide + 0x7FFF + ((wide >> 16) & 1)) >> 16);
    }

    public static explicit operator BFloat16(float value) => new(value);

    public static explicit operator float(BFloat16 value) => value.ToSingle();

    public static bool operator ==(BFloat16 left, BFloat16 right) => left.Equals(right);

    public static bool operator !=(BFloat16 left, BFloat16 right) => !left.Equals(right);

    public float ToSingle() => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    public bool Equals(BFloat16 other) => bits == other.bits;

    public override bool Equals(object? obj) => obj is BFloat16 other && Equals(other);

    public override int GetHashCode() => bits;

    public override string ToString() => ToSingle().ToString(System.Globalization.CultureInfo.InvariantCulture);
}
