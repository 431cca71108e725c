namespace SafetyPortal.Evaluation;

/// <summary>
/// Inception Score, Salimans et al. 2016 (arXiv 1606.03498): <c>exp(E_x KL(p(y|x) || p(y)))</c> per split, p(y) being the
/// split's mean prediction.
/// </summary>
public static class InceptionScore
{
    /// <summary>Mean and (population) standard deviation over splits.</summary>
    public sealed record Result(double Mean, double StandardDeviation, int Splits);

    /// <param name="logits">A classifier's logits, one row an image.</param>
    /// <param name="splits">Consecutive parts of the images; at most as many as there are images.</param>
    public static Result FromLogits(Features logits, int splits = 10)
    {
        if (splits < 1 || splits > logits.Count)
            throw new ArgumentOutOfRangeException(nameof(splits), splits, $"Expected 1 to {logits.Count} splits.");
        var logs = Enumerable.Range(0, logits.Count).Select(i => LogSoftmax(logits[i])).ToArray();
        var scores = new double[splits];
        for (var s = 0; s < splits; s++)
        {
            var part = logs[(int)((long)s * logs.Length / splits)..(int)((long)(s + 1) * logs.Length / splits)];
            var marginal = Enumerable.Range(0, logits.Dimension).Select(k => Math.Log(part.Average(row => Math.Exp(row[k])))).ToArray();
            scores[s] = Math.Exp(part.Average(row => row.Select((log, k) => Math.Exp(log) * (log - marginal[k])).Sum()));
        }

        var mean = scores.Average();
        return new(mean, Math.Sqrt(scores.Average(v => (v - mean) * (v - mean))), splits);
    }

    private static double[] LogSoftmax(ReadOnlySpan<float> logits)
    {
        double max = float.NegativeInfinity;
        foreach (var v in logits)
            max = Math.Max(max, v);
        var sum = 0.0;
        foreach (var v in logits)
            sum += Math.Exp(v - max);
        var logs = new double[logits.Length];
        for (var i = 0; i < logs.Length; i++)
            logs[i] = logits[i] - max - Math.Log(sum);
        return logs;
    }
}
