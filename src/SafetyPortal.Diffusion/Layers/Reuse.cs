using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Layers;

/// <summary>
/// Functions that consume their first argument, so that large maps do not pile up until the end of a block. Without a recorded gradient the result
/// overwrites its memory; otherwise the function disposes it after computing the result.
/// </summary>
internal static class Reuse
{
    /// <summary>x sigmoid(x).</summary>
    public static Tensor Silu(Tensor x)
    {
        // bfloat16 has a faster way that is not in place.
        if (!is_grad_enabled() && x.dtype == ScalarType.Float32)
            return nn.functional.silu(x, inplace: true);
        using (x)
            return nn.functional.silu(x);
    }

    /// <summary>x + y, where y has the shape of x or is repeated to it.</summary>
    public static Tensor Add(Tensor x, Tensor y)
    {
        if (!is_grad_enabled())
            return x.add_(y);
        using (x)
            return x + y;
    }

    /// <summary>x * y.</summary>
    public static Tensor Multiply(Tensor x, Tensor y)
    {
        if (!is_grad_enabled())
            return x.mul_(y);
        using (x)
            return x * y;
    }
}
