using TorchSharp;
using static TorchSharp.torch;

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
        using var scope = NewDisposeScope();
        var logs = logits.ToTensor().log_softmax(1); // [n, classes]
        var scores = Enumerable.Range(0, splits).Select(split =>
        {
            var start = (long)split * logits.Count / splits;
            var part = logs.narrow(0, start, ((split + 1L) * logits.Count / splits) - start);
            var marginal = part.exp().mean([0], keepdim: true).log();
            return (part.exp() * (part - marginal)).sum(1).mean().exp().ToDouble();
        }).ToArray();
        var mean = scores.Average();
        return new(mean, Math.Sqrt(scores.Average(v => (v - mean) * (v - mean))), splits);
    }
}
