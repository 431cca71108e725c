namespace SafetyPortal.Findings;

/// <summary>
/// The rest of the concept in the weights, after the idea of ConceptVectors (arXiv 2406.11614). A low objective without score mass speaks for
/// removal; a high objective with other top components than before speaks for a concept that moved.
/// </summary>
/// <param name="ObjectiveRatio">J(edited) / J(unedited), the mean over prompts, seeds and timesteps.</param>
/// <param name="MassRatio">Positive score mass after the edit, by scores recomputed then, over that before.</param>
/// <param name="Jaccard">Overlap of the top components before and after re-attribution, 0 to 1.</param>
/// <param name="TopCount">How many components that overlap is over.</param>
/// <param name="Tensors">One per tensor the edit touches.</param>
/// <param name="Separability">Null when not measured.</param>
public sealed record ParametricTrace(
    double? ObjectiveRatio, double? MassRatio, double Jaccard, long TopCount, IReadOnlyList<TensorTrace> Tensors, ConceptSeparability? Separability = null);

/// <summary>How much of one tensor the edit changed.</summary>
/// <param name="Touched">Share of its entries, 0 to 1.</param>
/// <param name="RelativeChange">Frobenius norm of the change over that of the tensor.</param>
/// <param name="Cosine">Between the tensor before and after, as vectors.</param>
public sealed record TensorTrace(string Name, double Touched, double RelativeChange, double Cosine);

/// <summary>
/// How well single feed-forward units tell prompts with the concept from the same prompts without it: the mean Jensen-Shannon distance
/// (base 2, 0 to 1) of a unit's activations under both, and the same for its best units.
/// </summary>
/// <param name="Units">Units measured.</param>
/// <param name="MeanBefore">Mean over all units, unedited model.</param>
/// <param name="TopBefore">Mean over the most separating hundredth of the units of the unedited model.</param>
/// <param name="TopAfter">The same units in the edited model.</param>
/// <param name="Floor">Mean distance between two halves of the prompts without the concept: the effect of chance alone.</param>
/// <param name="SamplesPerSide">Activations per unit and side.</param>
public sealed record ConceptSeparability(
    int Units, double MeanBefore, double MeanAfter, double TopBefore, double TopAfter, double Floor, int SamplesPerSide);
