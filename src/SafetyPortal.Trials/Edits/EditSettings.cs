using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Methods;
using SafetyPortal.Trials.Models;

namespace SafetyPortal.Trials.Edits;

/// <summary>
/// How much is spent on an edit and its controls beyond attribution. The defaults take about half a minute a dose on two cores with a small model.
/// </summary>
/// <param name="Trajectories">Trajectories of the concept prompts; each gives three points.</param>
/// <param name="KeepPrompts">Most prompts whose predictions are protected; each gives two points.</param>
/// <param name="Rounds">Rounds of attribution in which suppression is learned.</param>
/// <param name="GradientSteps">Steps of the gradient control.</param>
/// <param name="PruneSteps">DDIM steps of ConceptPrune's trajectories, of which it looks at the first fifth.</param>
public sealed record EditEffort(int Trajectories = 8, int KeepPrompts = 48, int Rounds = 16, int GradientSteps = 8, int PruneSteps = 25)
{
    /// <summary>The level at which <see cref="OfLevel"/> gives the defaults.</summary>
    public const int DefaultLevel = 8;

    /// <summary>Returns an effort in proportion: 1 for a trial on a tiny model, 8 for the defaults.</summary>
    public static EditEffort OfLevel(int level) => new(level, 6 * level, Math.Max(2, level * 2), level, Math.Max(5, level * 25 / DefaultLevel));
}

/// <summary>Everything an edit depends on besides the model.</summary>
public sealed record EditSettings
{
    private const double EarlierWindow = 0.4;

    public required ConceptKind Kind { get; init; }

    /// <summary>Class or style as in the evaluation set, in any case; ignored for nudity.</summary>
    public required string Name { get; init; }

    public required IReadOnlyList<PromptPair> Prompts { get; init; }

    public EraseMethod Method { get; init; } = EraseMethods.Default;

    public AblationScope Scope { get; init; } = AblationScope.Tensor;

    /// <summary>Part of the trajectory, noisiest first, at which suppression is learned, in 0..1.</summary>
    public double Window { get; init; } = SuppressionPoints.DefaultWindow;

    /// <summary>Evaluation set whose other prompts are protected.</summary>
    public string EvaluationSet { get; init; } = PromptFolder.DefaultSet;

    public int AttributionSteps { get; init; } = 25;

    public int AttributionSeeds { get; init; } = 4;

    public double AttributionGuidance { get; init; } = 3.0;

    public EditEffort Effort { get; init; } = new();

    /// <summary>Seed of attribution, of the points it is judged at and of the placebo.</summary>
    public long Seed { get; init; }

    /// <summary>Whether an improved edit leaves the attention alone.</summary>
    public bool FeedForwardOnly { get; init; }

    /// <summary>Returns the settings of a concept with the portal's default prompts.</summary>
    /// <param name="objects">Things the model draws, to show a style on.</param>
    /// <param name="styles">Styles it draws in, to show an object in.</param>
    public static EditSettings Default(
        ConceptKind kind, string name, IReadOnlyList<string> objects, IReadOnlyList<string> styles, EraseMethod method, long seed)
    {
        var prompts = ConceptPrompts.DefaultFor(kind, name, objects, styles);
        return new EditSettings
        {
            Kind = kind,
            Name = name,
            Prompts = Pairs(prompts, ConceptPrompts.DefaultBase(kind, name, [], prompts).Prompts),
            Method = method,
            Scope = ConceptPrompts.DefaultScope(kind),
            Seed = seed,
        };
    }

    /// <param name="bases">One for all concept prompts, or one for each.</param>
    public static IReadOnlyList<PromptPair> Pairs(IReadOnlyList<string> prompts, IReadOnlyList<string> bases) =>
        [.. prompts.Select((prompt, i) => new PromptPair(prompt, bases.Count == 1 ? bases[0] : bases[i]))];

    /// <summary>The published method changes feed-forward weights alone; the improved one also the attention, which reads the prompt.</summary>
    public CandidateSet Candidates => Method == EraseMethod.Improved ? CandidateSet.FeedForwardAndAttention : CandidateSet.FeedForward;

    /// <summary>
    /// Returns what a search tries in turn while no dose passes: these settings, one threshold over the whole model, an earlier part of the
    /// trajectory, feed-forward weights alone. Other methods than the improved one have no variants.
    /// </summary>
    internal IReadOnlyList<EditSettings> Variants() => Method == EraseMethod.Improved
        ? [this, this with { Scope = AblationScope.Model }, this with { Window = EarlierWindow }, this with { FeedForwardOnly = true }]
        : [this];

    public AttributionSettings Attribution() => new()
    {
        Prompts = Prompts,
        Candidates = Candidates,
        Steps = AttributionSteps,
        GuidanceScale = AttributionGuidance,
        Seeds = [.. Enumerable.Range(0, AttributionSeeds).Select(i => Seed + i)],
    };

    internal AblationSettings Ablation(double dose) => new(dose, Scope);
}
