using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Safetensors;

/// <summary>Named tensors on disk: one safetensors file, or several behind an index.</summary>
public interface ITensorSource : IDisposable
{
    /// <summary>The file, as messages name it.</summary>
    string Location { get; }

    /// <summary>All tensors by name, in file order.</summary>
    IReadOnlyDictionary<string, SafetensorsEntry> Entries { get; }

    /// <summary>Returns the name of the file, without folder, that holds a tensor.</summary>
    string FileOf(string name) => Path.GetFileName(Location);

    /// <summary>Copies one tensor into memory. The result belongs to the caller, or to the open dispose scope.</summary>
    /// <param name="as">The type to convert to; null keeps the stored type.</param>
    /// <param name="device">Where to put it; null is the CPU.</param>
    /// <exception cref="ModelFormatException">No such tensor, or the file changed since it was opened.</exception>
    Tensor Read(string name, ScalarType? @as = null, Device? device = null);
}

/// <summary>One tensor of a safetensors file, as its validated header describes it.</summary>
/// <param name="Name">The checkpoint name, for example <c>conv_in.weight</c>.</param>
/// <param name="Dtype">The type its numbers are stored in.</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar.</param>
/// <param name="Offset">Where its bytes begin, counted from the start of the data section.</param>
/// <param name="ByteLength">Number of bytes; always elements times element size.</param>
public sealed record SafetensorsEntry(string Name, ScalarType Dtype, IReadOnlyList<long> Shape, long Offset, long ByteLength)
{
    public long ElementCount => ByteLength / SafetensorsDtype.Size(Dtype);
}
