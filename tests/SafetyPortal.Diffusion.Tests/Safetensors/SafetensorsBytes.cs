using System.Buffers.Binary;
using System.Text;

namespace SafetyPortal.Diffusion.Tests.Safetensors;

/// <summary>Hand-made safetensors files, sound and damaged.</summary>
internal static class SafetensorsBytes
{
    /// <summary>A file of a header and <paramref name="dataLength"/> bytes of data counting up from 0.</summary>
    public static byte[] Build(string header, int dataLength)
    {
        var data = Enumerable.Range(0, dataLength).Select(i => (byte)i);
        return [.. Prefixed((ulong)Encoding.UTF8.GetByteCount(header), Encoding.UTF8.GetBytes(header)), .. data];
    }

    /// <summary>Any length in front of any bytes.</summary>
    public static byte[] Prefixed(ulong length, ReadOnlySpan<byte> rest)
    {
        var prefix = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, length);
        return [.. prefix, .. rest];
    }

    /// <summary>The header text of one tensor.</summary>
    public static string Entry(string name, string dtype, string shape, string offsets) =>
        $"\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":{offsets}}}";
}
