using System.Buffers.Binary;
using System.Text;
using SafetyPortal.Diffusion.Safetensors;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests.Safetensors;

/// <summary>Makes safetensors files, sound and damaged.</summary>
internal static class SafetensorsBytes
{
    /// <summary>Returns a file of a header and <paramref name="dataLength"/> bytes of data counting up from 0.</summary>
    public static byte[] Build(string header, int dataLength)
    {
        var data = Enumerable.Range(0, dataLength).Select(i => (byte)i);
        return [.. Prefixed((ulong)Encoding.UTF8.GetByteCount(header), Encoding.UTF8.GetBytes(header)), .. data];
    }

    /// <summary>Returns any length in front of any bytes.</summary>
    public static byte[] Prefixed(ulong length, ReadOnlySpan<byte> rest)
    {
        var prefix = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, length);
        return [.. prefix, .. rest];
    }

    /// <summary>Reads a file, lets the caller change its tensors, and writes them back.</summary>
    public static void Rewrite(string path, Action<Dictionary<string, Tensor>> change)
    {
        Dictionary<string, Tensor> tensors;
        using (var file = SafetensorsFile.Open(path))
            tensors = file.Entries.Keys.ToDictionary(name => name, name => file.Read(name), StringComparer.Ordinal);
        change(tensors);
        SafetensorsWriter.Write(path, tensors.Select(t => (t.Key, t.Value)));
    }

    /// <summary>Returns the header text of one tensor.</summary>
    public static string Entry(string name, string dtype, string shape, string offsets) =>
        $"\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":{offsets}}}";
}
