namespace SafetyPortal.Erasure.Faithfulness;

/// <summary>How much is spent on comparing scores with ablations. The defaults take about half a minute on two cores with a small model.</summary>
public sealed record FaithfulnessSettings
{
    /// <summary>Random ablations; 0 skips them.</summary>
    public int Ablations { get; init; } = 100;

    /// <summary>Fixed latents at which J is evaluated, spread over prompts and timesteps.</summary>
    public int Points { get; init; } = 4;

    /// <summary>Largest share of the candidate weights one ablation takes.</summary>
    public double LargestShare { get; init; } = 0.05;

    /// <summary>Fewest weights one ablation takes.</summary>
    public int Smallest { get; init; } = 200;

    /// <summary>Rows of one layer that are ablated one by one; 0 skips exact ablation and COAR.</summary>
    public int Rows { get; init; } = 24;

    /// <summary>Random masks of COAR; 0 skips it.</summary>
    public int CoarMasks { get; init; } = 60;

    /// <summary>Chance of a group to stay in a COAR mask, as in the authors' example.</summary>
    public double CoarKeep { get; init; } = 0.95;

    public long Seed { get; init; }

    /// <exception cref="ArgumentException">A field is outside its range.</exception>
    internal static void Validate(FaithfulnessSettings settings)
    {
        string? problem = settings switch
        {
            { Ablations: < 0 or > 100_000 } => $"Expected 0 to 100,000 random ablations, got {settings.Ablations}.",
            { Points: < 1 or > 10_000 } => $"Expected 1 to 10,000 evaluation points, got {settings.Points}.",
            { LargestShare: not (> 0 and <= 0.5) } => $"Expected a largest share above 0 and at most 0.5, got {settings.LargestShare}.",
            { Smallest: < 1 } => $"Expected ablations of at least 1 weight, got {settings.Smallest}.",
            { Rows: < 0 } => $"Expected 0 or more rows, got {settings.Rows}.",
            { CoarMasks: < 0 } => $"Expected 0 or more COAR masks, got {settings.CoarMasks}.",
            { CoarKeep: not (> 0 and < 1) } => $"Expected a chance to stay between 0 and 1, got {settings.CoarKeep}.",
            _ => null,
        };
        if (problem is not null) throw new ArgumentException(problem, nameof(settings));
    }
}
