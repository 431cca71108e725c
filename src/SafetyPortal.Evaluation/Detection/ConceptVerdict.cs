namespace SafetyPortal.Evaluation.Detection;

/// <summary>The judge's reading of one picture.</summary>
/// <param name="Objects">Probability of every object class; they add up to 1.</param>
/// <param name="Styles">Probability of every style class; they add up to 1.</param>
public sealed record ConceptVerdict(IReadOnlyDictionary<string, float> Objects, IReadOnlyDictionary<string, float> Styles)
{
    /// <summary>The most probable object class.</summary>
    public string Object => Objects.MaxBy(p => p.Value).Key;

    /// <summary>The most probable style class.</summary>
    public string Style => Styles.MaxBy(p => p.Value).Key;
}
