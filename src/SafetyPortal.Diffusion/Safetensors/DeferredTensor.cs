using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Safetensors;

/// <summary>A tensor of a file to be written, made only when its turn comes.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Shape">The shape <paramref name="Value"/> will have.</param>
/// <param name="Dtype">The type to store it in.</param>
/// <param name="Value">Makes the tensor, in any floating-point type if <paramref name="Dtype"/> is one; called once, inside a dispose scope that frees it.</param>
public sealed record DeferredTensor(string Name, IReadOnlyList<long> Shape, ScalarType Dtype, Func<Tensor> Value)
{
    /// <summary>Bytes it takes in the file.</summary>
    public long ByteLength => Shape.Aggregate((long)SafetensorsDtype.Size(Dtype), (bytes, size) => checked(bytes * size));
}
