namespace SafetyPortal.Erasure.Faithfulness;

/// <summary>Where the weights of one ablation were drawn from.</summary>
public enum AblationDraw
{
    /// <summary>All candidate weights alike.</summary>
    Random,

    /// <summary>The tenth of the weights with the highest scores.</summary>
    High,

    /// <summary>The tenth with the lowest scores.</summary>
    Low,
}

/// <summary>One ablation, with the predicted and the measured change of J.</summary>
/// <param name="Predicted">Sum of the scores, scaled to the evaluation points.</param>
/// <param name="Measured">J before minus J after, both predictions by the ablated weights.</param>
/// <param name="FixedBase">The same with the base prediction kept, <see cref="ObjectiveValue.FixedBase"/>.</param>
public sealed record AblationTrial(AblationDraw Draw, long Weights, double Predicted, double Measured, double FixedBase);

/// <summary>One output row of a layer: the sum of its scores and its value by another method.</summary>
/// <param name="FixedBase">The same with the base prediction kept, <see cref="ObjectiveValue.FixedBase"/>.</param>
public sealed record RowTrial(int Row, double Score, double Measured, double FixedBase);

/// <summary>One layer's rows, valued by another method.</summary>
public sealed record LayerTrials(string Layer, int Evaluations, IReadOnlyList<RowTrial> Rows);

/// <summary>Results of <see cref="FaithfulnessCheck"/>.</summary>
/// <param name="Objective">J of the unedited model at the evaluation points.</param>
/// <param name="Exact">Every row ablated by itself; null when skipped.</param>
/// <param name="Coar">Linear fit over random masks of rows; null when skipped.</param>
/// <param name="Sampling">How sets and points were drawn, in words.</param>
public sealed record FaithfulnessReport(
    double Objective, IReadOnlyList<AblationTrial> Trials, LayerTrials? Exact, LayerTrials? Coar, string Sampling);
