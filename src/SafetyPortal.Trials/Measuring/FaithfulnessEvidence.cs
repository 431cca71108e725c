using MathNet.Numerics.Statistics;
using SafetyPortal.Erasure.Faithfulness;
using SafetyPortal.Evaluation;

namespace SafetyPortal.Trials.Measuring;

/// <summary>Turns the raw comparison of scores and ablations into what evidence and its artifact hold.</summary>
public static class FaithfulnessEvidence
{
    private const int Digits = 6;

    /// <summary>The points to draw.</summary>
    public static FaithfulnessPoints Points(FaithfulnessReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return new(
            [.. report.Trials.Select(t => new AblationPoint(Name(t.Draw), t.Weights, Math.Round(t.Predicted, Digits), Math.Round(t.Measured, Digits), Math.Round(t.FixedBase, Digits)))],
            Rows(report.Exact),
            Rows(report.Coar));
    }

    /// <summary>The figures.</summary>
    /// <param name="stability">Rank correlation of the scores of two seeds.</param>
    /// <param name="artifact">Artifact of <see cref="Points"/>.</param>
    public static FaithfulnessSummary Summary(FaithfulnessReport report, double? stability, string artifact)
    {
        ArgumentNullException.ThrowIfNull(report);
        var trials = report.Trials;
        var figures = new FaithfulnessFigures(
            trials.Count,
            Pearson(trials, t => t.Measured),
            Spearman(trials.Select(t => t.Predicted), trials.Select(t => t.Measured)),
            Bootstrap(trials, t => t.Measured),
            Slope(trials),
            report.Objective,
            Pearson([.. trials.Where(t => t.Draw == AblationDraw.Random)], t => t.Measured),
            Pearson([.. trials.Where(t => t.Draw != AblationDraw.Random)], t => t.Measured),
            Pearson(trials, t => t.FixedBase),
            report.Sampling,
            Bootstrap(trials, t => t.FixedBase),
            Spearman(trials.Select(t => t.Predicted), trials.Select(t => t.FixedBase)));
        return new(figures, Figures(report.Exact), Figures(report.Coar), stability, artifact);
    }

    private static string Name(AblationDraw draw) => draw.ToString().ToLowerInvariant();

    private static IReadOnlyList<GroupPoint> Rows(LayerTrials? layer) =>
        layer is null ? [] : [.. layer.Rows.Select(r => new GroupPoint(r.Row, Math.Round(r.Score, Digits), Math.Round(r.Measured, Digits), Math.Round(r.FixedBase, Digits)))];

    private static GroupFigures? Figures(LayerTrials? layer) => layer is null
        ? null
        : new(
            layer.Layer,
            layer.Rows.Count,
            layer.Evaluations,
            Known(Correlation.Pearson([.. layer.Rows.Select(r => r.Score)], [.. layer.Rows.Select(r => r.Measured)])),
            Spearman(layer.Rows.Select(r => r.Score), layer.Rows.Select(r => r.Measured)),
            Known(Correlation.Pearson([.. layer.Rows.Select(r => r.Score)], [.. layer.Rows.Select(r => r.FixedBase)])));

    private static double? Pearson(IReadOnlyList<AblationTrial> trials, Func<AblationTrial, double> measured) =>
        Known(Correlation.Pearson([.. trials.Select(t => t.Predicted)], [.. trials.Select(measured)]));

    private static double? Spearman(IEnumerable<double> a, IEnumerable<double> b) => Known(Correlation.Spearman(a, b));

    private static double? Slope(IReadOnlyList<AblationTrial> trials)
    {
        var square = trials.Sum(t => t.Predicted * t.Predicted);
        return square > 0 ? trials.Sum(t => t.Predicted * t.Measured) / square : null;
    }

    private static Interval? Bootstrap(IReadOnlyList<AblationTrial> trials, Func<AblationTrial, double> measured)
    {
        if (Pearson(trials, measured) is null) return null;
        var interval = Intervals.Bootstrap(trials.Count, rows => Pearson([.. rows.Select(i => trials[i])], measured) ?? 0, seed: 0);
        return new Interval(interval.Low, interval.High);
    }

    private static double? Known(double value) => double.IsFinite(value) ? Math.Round(value, Digits) : null;
}
