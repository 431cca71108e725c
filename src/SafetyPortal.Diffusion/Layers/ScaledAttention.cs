using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Layers;

/// <summary>softmax(q k^T / sqrt(d)) v for several heads (Vaswani et al. 2017, section 3.2).</summary>
internal static class ScaledAttention
{
    /// <summary>
    /// Elements of the score matrix held at once. At 4,096 tokens and 8 heads all scores of one image would be 134 million.
    /// </summary>
    private const long MaxScores = 1 << 24;

    /// <param name="q">[B, T, C]</param>
    /// <param name="k">[B, S, C]</param>
    /// <param name="v">[B, S, C]</param>
    /// <param name="heads">Divides C.</param>
    /// <param name="mask">[T, S], added to the scores; null for none.</param>
    /// <returns>[B, T, C]</returns>
    public static Tensor Attend(Tensor q, Tensor k, Tensor v, int heads, Tensor? mask = null)
    {
        using var scope = NewDisposeScope();
        var (batch, tokens, channels) = (q.shape[0], q.shape[1], q.shape[2]);
        var source = k.shape[1];
        var size = channels / heads;

        // 1. One matrix per image and head; scaling the queries is cheaper than scaling the scores.
        var query = Split(q * (1.0 / Math.Sqrt(size)), heads); // [B*H, T, d]
        var key = Split(k, heads).transpose(1, 2); // [B*H, d, S]
        var value = Split(v, heads); // [B*H, S, d]

        // 2. Query rows are independent of each other, so a large score matrix is worked off in slices.
        var rows = Math.Clamp(MaxScores / (batch * heads * source), 1, tokens);
        Tensor attended;
        if (rows == tokens)
        {
            attended = Rows(query, key, value, mask); // [B*H, T, d]
        }
        else
        {
            var parts = new List<Tensor>();
            for (var start = 0L; start < tokens; start += rows)
            {
                var count = Math.Min(rows, tokens - start);
                parts.Add(Rows(query.narrow(1, start, count), key, value, mask?.narrow(0, start, count)));
            }

            attended = cat(parts, 1); // [B*H, T, d]
        }

        // 3. Heads side by side again.
        var merged = heads == 1
            ? attended
            : attended.reshape(batch, heads, tokens, size).permute(0, 2, 1, 3).reshape(batch, tokens, channels); // [B, T, C]
        return merged.MoveToOuterDisposeScope();
    }

    private static Tensor Rows(Tensor query, Tensor key, Tensor value, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        var scores = query.bmm(key); // [B*H, rows, S]
        if (mask is not null)
            scores = scores + mask;
        return scores.softmax(-1).bmm(value).MoveToOuterDisposeScope(); // [B*H, rows, d]
    }

    private static Tensor Split(Tensor x, int heads)
    {
        if (heads == 1)
            return x;
        var (batch, tokens, channels) = (x.shape[0], x.shape[1], x.shape[2]);
        return x.reshape(batch, tokens, heads, channels / heads).permute(0, 2, 1, 3).reshape(batch * heads, tokens, channels / heads);
    }
}
