using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Layers;

/// <summary>softmax(q k^T / sqrt(d)) v for several heads (Vaswani et al. 2017, section 3.2).</summary>
internal static class ScaledAttention
{
    // Up to this many keys, which holds for text (77), plain products are faster than the fused kernel of libtorch 2.10 and the scores are small.
    private const int ShortKeys = 128;

    // The fused kernel takes 1.6 times as long for heads of 8 channels as for heads of 16.
    private const int NarrowHead = 16;

    /// <param name="q">[B, T, C]</param>
    /// <param name="k">[B, S, C]</param>
    /// <param name="v">[B, S, C]</param>
    /// <param name="heads">Divides C.</param>
    /// <param name="mask">[T, S], added to the scores; null for none.</param>
    /// <returns>[B, T, C]</returns>
    public static Tensor Attend(Tensor q, Tensor k, Tensor v, int heads, Tensor? mask = null)
    {
        using var scope = NewDisposeScope();
        var (queries, keys, values) = (Split(q, heads), Split(k, heads), Split(v, heads));
        var attended = k.shape[1] <= ShortKeys // [B, H, T, d]
            ? Products(queries, keys, values, mask)
            : Fused(queries, keys, values, mask);
        return attended.permute(0, 2, 1, 3).reshape(q.shape).MoveToOuterDisposeScope(); // [B, T, C]
    }

    private static Tensor Products(Tensor q, Tensor k, Tensor v, Tensor? mask)
    {
        var scores = Flat(q * (1 / Math.Sqrt(q.shape[^1]))).bmm(Flat(k).transpose(-1, -2)); // [B H, T, S]
        if (mask is not null)
            scores += mask;
        return scores.softmax(-1).bmm(Flat(v)).reshape(q.shape);
    }

    private static Tensor Fused(Tensor q, Tensor k, Tensor v, Tensor? mask)
    {
        var width = q.shape[^1];
        if (width >= NarrowHead)
            return nn.functional.scaled_dot_product_attention(q, k, v, mask);
        Tensor Widen(Tensor x) => nn.functional.pad(x, [0, NarrowHead - width]); // zeros add nothing to a score
        var rescaled = q * Math.Sqrt((double)NarrowHead / width); // the kernel divides by the root of the width it sees
        return nn.functional.scaled_dot_product_attention(Widen(rescaled), Widen(k), Widen(v), mask).narrow(-1, 0, width);
    }

    private static Tensor Flat(Tensor x) => x.reshape(-1, x.shape[2], x.shape[3]); // [B H, T, d]

    // A view: the fused kernel reads each head without a copy.
    private static Tensor Split(Tensor x, int heads) => x.reshape(x.shape[0], x.shape[1], heads, x.shape[2] / heads).permute(0, 2, 1, 3); // [B, H, T, d]
}
