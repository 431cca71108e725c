using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Layers;

/// <summary>softmax(q k^T / sqrt(d)) v for several heads (Vaswani et al. 2017, section 3.2).</summary>
internal static class ScaledAttention
{
    /// <summary>
    /// Scores held at once. All scores of one image at 4,096 tokens and 8 heads would be 134 million; on a CPU a part that stays in
    /// the cache is also worked off in half the time.
    /// </summary>
    private const long MaxScoresOnCpu = 1 << 20;

    private const long MaxScoresOnGpu = 1 << 26;

    /// <param name="q">[B, T, C]</param>
    /// <param name="k">[B, S, C]</param>
    /// <param name="v">[B, S, C]</param>
    /// <param name="heads">Divides C.</param>
    /// <param name="mask">[T, S], added to the scores; null for none.</param>
    /// <returns>[B, T, C]</returns>
    public static Tensor Attend(Tensor q, Tensor k, Tensor v, int heads, Tensor? mask = null) =>
        Attend(q, k, v, heads, mask, q.device_type == DeviceType.CPU ? MaxScoresOnCpu : MaxScoresOnGpu);

    /// <inheritdoc cref="Attend(Tensor, Tensor, Tensor, int, Tensor)"/>
    internal static Tensor Attend(Tensor q, Tensor k, Tensor v, int heads, Tensor? mask, long maxScores)
    {
        using var scope = NewDisposeScope();
        var (batch, tokens, channels) = (q.shape[0], q.shape[1], q.shape[2]);
        var source = k.shape[1];
        var size = channels / heads;

        // 1. One matrix per image and head; scaling the queries is cheaper than scaling the scores.
        var query = Split(q * (1.0 / Math.Sqrt(size)), heads); // [B*H, T, d]
        var key = Split(k, heads).transpose(1, 2); // [B*H, d, S]
        var value = Split(v, heads); // [B*H, S, d]

        // 2. Matrices are independent of each other, and so are the rows of each.
        var together = Math.Clamp(maxScores / (tokens * source), 1, batch * heads);
        var rows = Math.Clamp(maxScores / (together * source), 1, tokens);
        var attended = together == batch * heads && rows == tokens
            ? Rows(query, key, value, mask)
            : InParts(query, key, value, mask, together, rows); // [B*H, T, d]

        // 3. Heads side by side again.
        var merged = heads == 1
            ? attended
            : attended.reshape(batch, heads, tokens, size).permute(0, 2, 1, 3).reshape(batch, tokens, channels); // [B, T, C]
        return merged.MoveToOuterDisposeScope();
    }

    private static Tensor InParts(Tensor query, Tensor key, Tensor value, Tensor? mask, long together, long rows)
    {
        // split, not narrow: its gradient is put together once instead of being added up from as many full-sized zeros.
        var queries = query.split(together, 0);
        var keys = key.split(together, 0);
        var values = value.split(together, 0);
        var masks = mask?.split(rows, 0);
        var matrices = new List<Tensor>();
        for (var i = 0; i < queries.Length; i++)
        {
            var (k, v) = (keys[i], values[i]);
            var parts = queries[i].split(rows, 1).Select((part, j) => Rows(part, k, v, masks?[j])).ToList();
            matrices.Add(parts.Count == 1 ? parts[0] : cat(parts, 1));
        }

        return cat(matrices, 0);
    }

    private static Tensor Rows(Tensor query, Tensor key, Tensor value, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        var scores = query.bmm(key); // [n, rows, S]
        if (mask is not null)
            scores = scores + mask;
        return scores.softmax(-1).bmm(value).MoveToOuterDisposeScope(); // [n, rows, d]
    }

    private static Tensor Split(Tensor x, int heads)
    {
        if (heads == 1)
            return x;
        var (batch, tokens, channels) = (x.shape[0], x.shape[1], x.shape[2]);
        return x.reshape(batch, tokens, heads, channels / heads).permute(0, 2, 1, 3).reshape(batch * heads, tokens, channels / heads);
    }
}
