using System.Text.Json.Serialization;

namespace SafetyPortal.Findings;

/// <summary>
/// Whether the score predicts ablation. The score promises that zeroing a set of weights lowers the objective J by the sum of their scores; these
/// figures compare that with the change of J. Evidence holds the figures, <paramref name="Artifact"/> the points.
/// </summary>
/// <param name="Random">Weights of all candidate tensors together, in sets of many sizes.</param>
/// <param name="Exact">Every group of one layer, such as one output row, ablated by itself; null when not measured.</param>
/// <param name="Coar">COAR (arXiv 2404.11534) on the same groups: random subsets ablated at once, and a linear fit; null when not measured.</param>
/// <param name="Stability">Mean rank correlation of the scores of two seeds; null with a single seed.</param>
/// <param name="Artifact">Artifact with <see cref="FaithfulnessPoints"/> as JSON.</param>
public sealed record FaithfulnessSummary(
    FaithfulnessFigures Random, GroupFigures? Exact, GroupFigures? Coar, double? Stability, string Artifact);

/// <summary>
/// How predicted and measured changes of J agree over random ablations. The score is the gradient of J with the base prediction held where the
/// unedited model puts it; the FixedBase figures measure that function, the others let the ablated weights move both predictions.
/// </summary>
/// <param name="N">Number of ablations.</param>
/// <param name="Pearson">Correlation of predicted and measured change, both predictions moving, -1 to 1; null when one side has no spread.</param>
/// <param name="Spearman">The same of their ranks.</param>
/// <param name="PearsonInterval">95 % bootstrap interval of <paramref name="Pearson"/>.</param>
/// <param name="Slope">Measured change per unit of predicted change, least squares through the origin; 1 is a faithful size.</param>
/// <param name="Objective">J of the unedited model at the points where it was evaluated.</param>
/// <param name="RandomOnly">Pearson over the sets drawn from all weights alike.</param>
/// <param name="HighScoreOnly">Pearson over the sets drawn from weights of high or low score.</param>
/// <param name="FixedBase">Pearson with the base prediction kept from the unedited model, the function whose gradient the score is.</param>
/// <param name="Sampling">How sets and evaluation points were drawn, in words.</param>
/// <param name="FixedBaseInterval">95 % bootstrap interval of <paramref name="FixedBase"/>.</param>
/// <param name="FixedBaseSpearman">The same of the ranks.</param>
public sealed record FaithfulnessFigures(
    int N,
    double? Pearson,
    double? Spearman,
    Interval? PearsonInterval,
    double? Slope,
    double Objective,
    double? RandomOnly,
    double? HighScoreOnly,
    double? FixedBase,
    string Sampling,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Interval? FixedBaseInterval = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? FixedBaseSpearman = null);

/// <summary>How the score of a layer's groups agrees with another way to value them.</summary>
/// <param name="Layer">Weight name of the layer.</param>
/// <param name="Groups">Number of groups; a group is one output row of the weight.</param>
/// <param name="Evaluations">Number of ablated models that were evaluated.</param>
/// <param name="Pearson">Correlation over the groups; null when one side has no spread.</param>
/// <param name="Spearman">The same of the ranks.</param>
/// <param name="FixedBase">Pearson with the base prediction kept from the unedited model.</param>
public sealed record GroupFigures(
    string Layer,
    int Groups,
    int Evaluations,
    double? Pearson,
    double? Spearman,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? FixedBase = null);

/// <summary>The points behind a <see cref="FaithfulnessSummary"/>, for drawing.</summary>
/// <param name="Ablations">One point per random ablation.</param>
/// <param name="Exact">One point per group: score against the measured fall of J.</param>
/// <param name="Coar">One point per group: score against COAR's coefficient.</param>
public sealed record FaithfulnessPoints(
    IReadOnlyList<AblationPoint> Ablations, IReadOnlyList<GroupPoint> Exact, IReadOnlyList<GroupPoint> Coar);

/// <summary>One ablated set of weights.</summary>
/// <param name="Draw">"random", "high" or "low": from all weights, from those of high or from those of low score.</param>
/// <param name="Weights">How many weights were zeroed.</param>
/// <param name="Predicted">Fall of J that the scores promise: their sum, scaled to the evaluation points.</param>
/// <param name="Measured">J before minus J after; negative when J rose.</param>
/// <param name="FixedBase">The same with the base prediction kept from the unedited model.</param>
public sealed record AblationPoint(string Draw, long Weights, double Predicted, double Measured, double FixedBase);

/// <summary>One group of a layer.</summary>
/// <param name="Group">Output row of the weight.</param>
/// <param name="Score">Sum of the row's scores, scaled to the evaluation points.</param>
/// <param name="Measured">The row's worth by the other way, in the unit of J.</param>
/// <param name="FixedBase">The same with the base prediction kept from the unedited model.</param>
public sealed record GroupPoint(
    int Group, double Score, double Measured, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? FixedBase = null);
