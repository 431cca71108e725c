using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Safetensors;

/// <summary>One tensor of a safetensors file, as its validated header describes it.</summary>
/// <param name="Name">The checkpoint name, for example <c>conv_in.weight</c>.</param>
/// <param name="Dtype">The type its numbers are stored in.</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar.</param>
/// <param name="Offset">Where its bytes begin, counted from the start of the data section.</param>
/// <param name="ByteLength">Number of bytes; always elements times element size.</param>
public sealed record SafetensorsEntry(string Name, ScalarType Dtype, IReadOnlyList<long> Shape, long Offset, long ByteLength)
{
    /// <summary>Number of elements.</summary>
    public long ElementCount => ByteLength / SafetensorsDtype.Size(Dtype);
}
