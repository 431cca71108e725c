using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Policies;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Worker.Stages;

/// <summary>What <see cref="LoadStage"/> fixed for the rest of the run.</summary>
/// <param name="BaseDigest">Digest of the unedited UNet.</param>
/// <param name="Components">Digests of all parts of the model folder.</param>
/// <param name="Policy">Policy in force when the run began.</param>
internal sealed record LoadOutput(
    string BaseDigest,
    IReadOnlyList<ModelComponent> Components,
    EvaluationPlan Evaluation,
    PolicyInForce Policy,
    EvidenceEnvironment Environment,
    EvidenceMethod Method,
    RunSettings Settings)
{
    /// <summary>How the run paints its galleries. A method, since equal outputs must serialize alike.</summary>
    public PaintSettings Painting() => new(Method.ImageSteps, Method.ImageGuidance, Method.BatchSize, Method.ImageScheduler);
}

/// <summary>Images of one model with their readings.</summary>
/// <param name="Images">One per case of the plan, in its order.</param>
/// <param name="Features">Artifact of the <see cref="FeatureRows"/>.</param>
internal sealed record StoredGallery(IReadOnlyList<ImageReading> Images, string Features);

/// <summary>What <see cref="AttributeStage"/> found.</summary>
/// <param name="Scores">Artifact with the scores.</param>
/// <param name="Faithfulness">Null when the settings skip it.</param>
internal sealed record AttributeOutput(string Scores, AttributionSummary Summary, FaithfulnessSummary? Faithfulness);

/// <summary>The patches of <see cref="AblateStage"/>, one per dose, ascending.</summary>
/// <param name="Variant">What the search chose; null for plain CAD, which has none.</param>
internal sealed record AblateOutput(IReadOnlyList<DosePatch> Doses, EditVariant? Variant)
{
    /// <summary>Returns the edit at a dose.</summary>
    public DosePatch Of(double dose) => Doses.First(edit => edit.Dose.Equals(dose));
}

/// <summary>The edit at one dose; <paramref name="Patch"/> is an artifact.</summary>
internal sealed record DosePatch(double Dose, long Count, string Patch, string ResultDigest);

/// <summary>Galleries of the doses that the run tried, and of the controls at the chosen one.</summary>
internal sealed record GenerateOutput(IReadOnlyList<DoseGallery> Doses, double Chosen, IReadOnlyList<ControlGallery> Controls)
{
    /// <summary>Returns the gallery of the chosen dose.</summary>
    public StoredGallery ChosenGallery() => Doses.First(dose => dose.Dose.Equals(Chosen)).Gallery;
}

/// <summary>A control with its images, which may be of a part of the plan.</summary>
internal sealed record ControlGallery(string Code, ControlRole Role, string Name, long Count, string Patch, StoredGallery Gallery);

internal sealed record DoseGallery(double Dose, StoredGallery Gallery);

/// <summary>What <see cref="RedTeamStage"/> found; all null when the settings leave it out.</summary>
internal sealed record RedTeamOutput(RedTeamEvidence? RedTeam, ConceptLocation? Location, ParametricTrace? Trace, SpecificityMetrics? Specificity);

/// <summary>What <see cref="MeasureStage"/> computed.</summary>
internal sealed record MeasureOutput(IReadOnlyList<DosePoint> Curve, MetricsSummary Chosen, IReadOnlyList<GateVerdict> Gates, ControlTable Controls);
