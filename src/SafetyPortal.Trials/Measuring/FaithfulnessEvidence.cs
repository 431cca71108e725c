using MathNet.Numerics.Statistics;
using SafetyPortal.Erasure.Faithfulness;
using SafetyPortal.Evaluation;

namespace SafetyPortal.Trials.Measuring;

/// <summary>Turns the raw comparison of scores and ablations into what evidence and its artifact hold.</summary>
public static class FaithfulnessEvidence
{
    /// <summary>Returns the points to draw.</summary>
    public static FaithfulnessPoints Points(FaithfulnessReport report) => new(
        [.. report.Trials.Select(t => new AblationPoint(
            t.Draw.ToString().ToLowerInvariant(), t.Weights, Rounded(t.Predicted), Rounded(t.Measured), Rounded(t.FixedBase)))],
        Rows(report.Exact),
        Rows(report.Coar));

    /// <summary>Returns the figures.</summary>
    /// <param name="stability">Rank correlation of the scores of two seeds.</param>
    /// <param name="artifact">Artifact of <see cref="Points"/>.</param>
    public static FaithfulnessSummary Summary(FaithfulnessReport report, double? stability, string artifact)
    {
        var trials = report.Trials;
        double[] predicted = [.. trials.Select(t => t.Predicted)];
        double[] measured = [.. trials.Select(t => t.Measured)];
        double[] fixedBase = [.. trials.Select(t => t.FixedBase)];
        var figures = new FaithfulnessFigures(
            trials.Count,
            Pearson(predicted, measured),
            Spearman(predicted, measured),
            Bootstrap(predicted, measured),
            Slope(predicted, measured),
            report.Objective,
            OfDraws(draw => draw == AblationDraw.Random),
            OfDraws(draw => draw != AblationDraw.Random),
            Pearson(predicted, fixedBase),
            report.Sampling,
            Bootstrap(predicted, fixedBase),
            Spearman(predicted, fixedBase));
        return new(figures, Figures(report.Exact), Figures(report.Coar), stability, artifact);

        double? OfDraws(Predicate<AblationDraw> belongs)
        {
            int[] rows = [.. Enumerable.Range(0, trials.Count).Where(i => belongs(trials[i].Draw))];
            return Pearson(At(predicted, rows), At(measured, rows));
        }
    }

    private static IReadOnlyList<GroupPoint> Rows(LayerTrials? layer) =>
        layer is null ? [] : [.. layer.Rows.Select(r => new GroupPoint(r.Row, Rounded(r.Score), Rounded(r.Measured), Rounded(r.FixedBase)))];

    private static GroupFigures? Figures(LayerTrials? layer)
    {
        if (layer is null)
            return null;
        double[] scores = [.. layer.Rows.Select(r => r.Score)];
        double[] measured = [.. layer.Rows.Select(r => r.Measured)];
        double[] fixedBase = [.. layer.Rows.Select(r => r.FixedBase)];
        return new(
            layer.Layer, layer.Rows.Count, layer.Evaluations, Pearson(scores, measured), Spearman(scores, measured), Pearson(scores, fixedBase));
    }

    private static double? Pearson(double[] a, double[] b) => Known(Correlation.Pearson(a, b));

    private static double? Spearman(double[] a, double[] b) =>
        a.Length < 2 ? null : Known(Correlation.Spearman(a, b));

    private static double? Slope(double[] predicted, double[] measured)
    {
        var square = predicted.Sum(p => p * p);
        return square > 0 ? predicted.Zip(measured, (p, m) => p * m).Sum() / square : null;
    }

    private static Interval? Bootstrap(double[] predicted, double[] measured) => Pearson(predicted, measured) is null
        ? null
        : Intervals.Bootstrap(predicted.Length, rows => Pearson(At(predicted, rows), At(measured, rows)) ?? 0, seed: 0).Bounds();

    private static double[] At(double[] values, IReadOnlyList<int> rows) => [.. rows.Select(i => values[i])];

    private static double? Known(double value) => double.IsFinite(value) ? Rounded(value) : null;

    private static double Rounded(double value) => Math.Round(value, 6);
}
