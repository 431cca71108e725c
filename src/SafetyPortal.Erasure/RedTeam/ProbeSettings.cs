namespace SafetyPortal.Erasure.RedTeam;

/// <summary>How much each probe may try: two sizes, and every number can be changed.</summary>
public sealed record ProbeSettings
{
    /// <summary>The budget of every run: seconds on a small model, enough for concepts that return easily.</summary>
    public static ProbeSettings Small { get; } = new();

    /// <summary>The budget for sign-off by hand: the grids of the literature, more images, more steps.</summary>
    public static ProbeSettings Full { get; } = new()
    {
        Name = "full",
        Images = 16,
        Paraphrases = 24,
        CompletionShares = [0.04, 0.08, 0.12, 0.2, 0.32],
        NoiseEtas = [1, 1.17, 1.34, 1.51, 1.68, 1.85],
        NoiseScales = [1, 1.02, 1.03, 1.04],
        InversionSteps = 300,
        PrefixSteps = 24,
        PrefixCandidates = 16,
        RelearningSteps = 120,
        AmplificationDoses = [0.005, 0.01, 0.02, 0.05],
        AmplificationSteps = 25,
    };

    /// <summary>Name of the size, for the record.</summary>
    public string Name { get; init; } = "small";

    /// <summary>Seed of every draw that is not an image's own.</summary>
    public long Seed { get; init; }

    /// <summary>Images per rate, 1 to 64.</summary>
    public int Images { get; init; } = 6;

    /// <summary>DDIM steps per image, 2 to 1000.</summary>
    public int Steps { get; init; } = 25;

    /// <summary>Guidance of the images, at least 1.</summary>
    public double Guidance { get; init; } = 5;

    /// <summary>Images made at once.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>Most images of the paraphrase probe.</summary>
    public int Paraphrases { get; init; } = 8;

    /// <summary>Shares of the steps that the unedited model makes in the completion probe, each above 0 and below 1.</summary>
    public IReadOnlyList<double> CompletionShares { get; init; } = [0.08, 0.2];

    /// <summary>
    /// Side of the repainted square, as a share of the image's, above 0 and below 1. A half is usual in photographs; where one thing fills
    /// the picture, the rim around a half alone gives it away.
    /// </summary>
    public double InpaintingSide { get; init; } = 0.75;

    /// <summary>Etas of the noise probe; above 1 the steps add more noise than ancestral sampling.</summary>
    public IReadOnlyList<double> NoiseEtas { get; init; } = [1.17, 1.68];

    /// <summary>Factors on the added noise.</summary>
    public IReadOnlyList<double> NoiseScales { get; init; } = [1.04];

    /// <summary>Images of the concept for learning probes.</summary>
    public int Examples { get; init; } = 4;

    /// <summary>Updates of the new token's embedding.</summary>
    public int InversionSteps { get; init; } = 60;

    /// <summary>Step size of the embedding, in root mean squares of the table's entries.</summary>
    public double InversionRate { get; init; } = 0.04;

    /// <summary>Tokens put before the prompt.</summary>
    public int PrefixTokens { get; init; } = 3;

    /// <summary>Rounds of the prefix search; each replaces at most one token.</summary>
    public int PrefixSteps { get; init; } = 8;

    /// <summary>Replacements tried in each round.</summary>
    public int PrefixCandidates { get; init; } = 8;

    /// <summary>Most fine-tuning steps of the relearning probe.</summary>
    public int RelearningSteps { get; init; } = 40;

    /// <summary>Steps after which the relearning probe paints again.</summary>
    public int RelearningInterval { get; init; } = 10;

    /// <summary>Learning rate of the relearning probe.</summary>
    public double RelearningRate { get; init; } = 1e-4;

    /// <summary>Iterations of the low-rank completion.</summary>
    public int RevivalIterations { get; init; } = 20;

    /// <summary>Share of the completed weights that is put back, the largest first.</summary>
    public double RevivalShare { get; init; } = 0.6;

    /// <summary>Doses of the amplifying ablation.</summary>
    public IReadOnlyList<double> AmplificationDoses { get; init; } = [0.01, 0.03];

    /// <summary>Timesteps at which the amplifying objective is evaluated.</summary>
    public int AmplificationSteps { get; init; } = 10;

    /// <exception cref="ArgumentException">A number is outside its range.</exception>
    internal static void Validate(ProbeSettings settings)
    {
        string? problem = settings switch
        {
            { Images: < 1 or > 64 } => $"Expected 1 to 64 probe images, got {settings.Images}.",
            { Steps: < 2 or > 1000 } => $"Expected 2 to 1000 probe steps, got {settings.Steps}.",
            { Guidance: not (>= 1 and <= 100) } => $"Expected a probe guidance of 1 to 100, got {settings.Guidance}.",
            { BatchSize: < 1 or > 64 } => $"Expected a probe batch size of 1 to 64, got {settings.BatchSize}.",
            { Paraphrases: < 1 or > 1000 } => $"Expected 1 to 1000 paraphrased images, got {settings.Paraphrases}.",
            { Examples: < 1 or > 64 } => $"Expected 1 to 64 examples, got {settings.Examples}.",
            { InpaintingSide: not (> 0 and < 1) } => $"Expected a repainted side between 0 and 1, got {settings.InpaintingSide}.",
            { RevivalShare: not (> 0 and <= 1) } => $"Expected a revived share above 0 and at most 1, got {settings.RevivalShare}.",
            { InversionRate: not (> 0 and < double.PositiveInfinity) } or { RelearningRate: not (> 0 and < double.PositiveInfinity) }
                => $"Expected learning rates above 0, got {settings.InversionRate} and {settings.RelearningRate}.",
            { RelearningInterval: < 1 } => $"Expected a relearning interval of at least 1, got {settings.RelearningInterval}.",
            { InversionSteps: < 1 } or { PrefixSteps: < 1 } or { RelearningSteps: < 1 } or { RevivalIterations: < 1 } or { AmplificationSteps: < 1 }
                => "Expected at least one step for every probe that searches or learns.",
            { PrefixTokens: < 1 or > 16 } or { PrefixCandidates: < 1 or > 1000 }
                => $"Expected 1 to 16 prefix tokens and 1 to 1000 candidates, got {settings.PrefixTokens} and {settings.PrefixCandidates}.",
            _ => null,
        };
        problem ??= Empty(settings.CompletionShares, share => share is > 0 and < 1, "completion shares between 0 and 1")
            ?? Empty(settings.NoiseEtas, eta => eta is >= 0 and <= 10, "noise etas of 0 to 10")
            ?? Empty(settings.NoiseScales, scale => scale is > 0 and <= 10, "noise scales above 0 and at most 10")
            ?? Empty(settings.AmplificationDoses, dose => dose is > 0 and < 1, "amplification doses between 0 and 1");
        if (problem is not null)
            throw new ArgumentException(problem, nameof(settings));
    }

    private static string? Empty(IReadOnlyList<double> values, Func<double, bool> allowed, string expected) =>
        values.Count > 0 && values.All(allowed) ? null : $"Expected at least one value, {expected}, got [{string.Join(", ", values)}].";
}

/// <summary>How large an attempt is.</summary>
/// <param name="Settings">How hard to try.</param>
/// <param name="Prompts">Images per rate, one a prompt.</param>
/// <param name="Examples">Images that learning probes learn from.</param>
/// <param name="Paraphrases">Prompts in other words.</param>
public sealed record ProbeSize(ProbeSettings Settings, int Prompts, int Examples, int Paraphrases)
{
    /// <summary>Network calls of one image: a guided step counts twice.</summary>
    public long ImageCalls => 2L * Settings.Steps;

    /// <summary>The largest attempt that settings allow; a concept with fewer prompts makes a smaller one.</summary>
    public static ProbeSize Largest(ProbeSettings settings) => new(settings, settings.Images, settings.Examples, settings.Paraphrases);
}
