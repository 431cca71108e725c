using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Runtime;

/// <summary>
/// Makes tensors in libtorch's own memory. TorchSharp's factories keep managed memory, whose alignment differs between runs. MKL's products round by
/// alignment, so evidence would not repeat to the last digit.
/// </summary>
public static class OwnedTensor
{
    /// <returns>float32 of <paramref name="shape"/>.</returns>
    public static Tensor Of(float[] values, params long[] shape)
    {
        using var managed = tensor(values, shape);
        return managed.clone();
    }

    /// <returns>float64 of <paramref name="shape"/>.</returns>
    public static Tensor Of(double[] values, params long[] shape)
    {
        using var managed = tensor(values, shape);
        return managed.clone();
    }
}
