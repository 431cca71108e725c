using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Layers;

/// <summary>softmax(q k^T / sqrt(d)) v for several heads (Vaswani et al. 2017, section 3.2).</summary>
internal static class ScaledAttention
{
    /// <param name="q">[B, T, C]</param>
    /// <param name="k">[B, S, C]</param>
    /// <param name="v">[B, S, C]</param>
    /// <param name="heads">Divides C.</param>
    /// <param name="mask">[T, S], added to the scores; null for none.</param>
    /// <returns>[B, T, C]</returns>
    public static Tensor Attend(Tensor q, Tensor k, Tensor v, int heads, Tensor? mask = null)
    {
        using var scope = NewDisposeScope();
        var attended = nn.functional.scaled_dot_product_attention(Split(q, heads), Split(k, heads), Split(v, heads), mask); // [B, H, T, d]
        return attended.permute(0, 2, 1, 3).reshape(q.shape).MoveToOuterDisposeScope(); // [B, T, C]
    }

    // A view: the function reads each head without a copy.
    private static Tensor Split(Tensor x, int heads) => x.reshape(x.shape[0], x.shape[1], heads, x.shape[2] / heads).permute(0, 2, 1, 3); // [B, H, T, d]
}
