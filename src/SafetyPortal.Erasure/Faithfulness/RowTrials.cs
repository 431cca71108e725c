using SafetyPortal.Diffusion.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Faithfulness;

/// <summary>
/// The output rows of one layer as components. They are valued exactly (each ablated alone) and by COAR (arXiv 2404.11534: random masks, then a
/// linear fit of J on the masks). The fit is a ridge regression, since there are fewer masks than in the paper.
/// </summary>
internal sealed class RowTrials
{
    private const string SecondLinear = "net.2.weight";
    private const double Ridge = 1e-3;

    private readonly string name;
    private readonly long[][] rows;
    private readonly double[] scores;

    private RowTrials(string name, long[][] rows, double[] scores) => (this.name, this.rows, this.scores) = (name, rows, scores);

    public int Count => rows.Length;

    /// <summary>Takes rows of the second feed-forward linear with the largest score mass; without such layers, of the tensor with the largest.</summary>
    public static RowTrials Choose(EditableWeights weights, FaithfulnessSettings settings, double scale)
    {
        var pool = weights.Tensors.Where(t => t.Name.EndsWith(SecondLinear, StringComparison.Ordinal)).ToList();
        var (name, weight, start) = (pool.Count > 0 ? pool : weights.Tensors).MaxBy(t => weights.MassOf(t.Start, t.Weight.numel()));
        var columns = (int)weight.size(1);
        var count = (int)Math.Min(settings.Rows, weight.size(0));
        long[][] positions = [.. Enumerable.Range(0, count).Select(row => Enumerable.Range(0, columns).Select(i => start + (row * columns) + i).ToArray())];
        return new RowTrials(name, positions, [.. positions.Select(row => scale * weights.ScoreOf(row))]);
    }

    /// <summary>J before minus J with the row alone at zero.</summary>
    public LayerTrials Exact(EditableWeights weights, double objective, Evaluations evaluations)
    {
        var (measured, fixedBase) = (new double[Count], new double[Count]);
        for (var row = 0; row < Count; row++)
        {
            using var zeroed = weights.Zero(rows[row]);
            var now = evaluations.Next();
            (measured[row], fixedBase[row]) = (objective - now.Both, objective - now.FixedBase);
        }

        return Report(measured, fixedBase, Count);
    }

    /// <summary>Coefficients of J = b - sum over ablated rows of a_row.</summary>
    public LayerTrials Coar(EditableWeights weights, FaithfulnessSettings settings, Random random, Evaluations evaluations)
    {
        var design = new double[settings.CoarMasks, Count];
        var (both, fixedBase) = (new double[settings.CoarMasks], new double[settings.CoarMasks]);
        for (var mask = 0; mask < settings.CoarMasks; mask++)
        {
            var off = Enumerable.Range(0, Count).Where(_ => random.NextDouble() >= settings.CoarKeep).ToList();
            foreach (var row in off)
                design[mask, row] = 1;
            using var zeroed = weights.Zero([.. off.SelectMany(row => rows[row])]);
            var now = evaluations.Next();
            (both[mask], fixedBase[mask]) = (now.Both, now.FixedBase);
        }

        return Report(Fit(design, both), Fit(design, fixedBase), settings.CoarMasks);
    }

    /// <summary>Centred ridge regression; the penalty is a share of the mean variance of a column, so that it does not depend on the number of masks.</summary>
    internal static double[] Fit(double[,] design, double[] values)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var x = OwnedTensor.Of(design.Cast<double>().ToArray(), design.GetLength(0), design.GetLength(1)); // [masks, rows]
        var y = OwnedTensor.Of(values, values.Length); // [masks]
        var centred = x - x.mean([0], keepdim: true);
        var gram = centred.t().mm(centred); // [rows, rows]
        var penalty = Math.Max(gram.diagonal().mean().ToDouble() * Ridge, 1e-12);
        var right = centred.t().mm((y - y.mean()).unsqueeze(1)); // [rows, 1]
        var system = gram + (eye(design.GetLength(1), dtype: ScalarType.Float64) * penalty);
        return linalg.solve(system, right).reshape(-1).neg().data<double>().ToArray();
    }

    private LayerTrials Report(double[] measured, double[] fixedBase, int evaluations) =>
        new(name, evaluations, [.. measured.Select((value, row) => new RowTrial(row, scores[row], value, fixedBase[row]))]);
}
