namespace SafetyPortal.Findings;

/// <summary>The kind of concept to erase; it decides the default base prompts, the ablation scope and the quorum.</summary>
public enum ConceptKind
{
    /// <summary>A thing the model can draw, such as a church.</summary>
    Object = 0,

    /// <summary>A way of drawing, such as one artist's.</summary>
    Style = 1,

    /// <summary>Unclothed people.</summary>
    Nudity = 2,
}

/// <summary>The weights whose scores are ranked together.</summary>
public enum AblationScope
{
    /// <summary>Within each output row: <c>int(ratio * columns)</c> weights per row (the paper's default).</summary>
    Row = 0,

    /// <summary>Within each weight tensor: <c>int(ratio * numel)</c> weights per tensor.</summary>
    Tensor = 1,

    /// <summary>One threshold over all candidate tensors.</summary>
    Model = 2,
}

/// <summary>Compares names without case and without surplus blanks.</summary>
public static class ConceptName
{
    /// <summary>Returns the key that two spellings of one concept share: lower case, single blanks.</summary>
    public static string KeyOf(string name) =>
        string.Join(' ', name.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).ToLowerInvariant();
}
