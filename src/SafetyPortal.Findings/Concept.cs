namespace SafetyPortal.Findings;

/// <summary>What sort of thing is to be removed; it decides the default base prompts, the ablation scope and the quorum.</summary>
public enum ConceptKind
{
    /// <summary>A thing the model can draw, such as a church.</summary>
    Object = 0,

    /// <summary>A way of drawing, such as one artist's.</summary>
    Style = 1,

    /// <summary>Unclothed people. Approved only by two.</summary>
    Nudity = 2,
}

/// <summary>Among which weights the highest scores are looked for.</summary>
public enum AblationScope
{
    /// <summary>Within each output row: <c>int(ratio * columns)</c> weights per row (the paper's default).</summary>
    Row = 0,

    /// <summary>Within each weight tensor: <c>int(ratio * numel)</c> weights per tensor.</summary>
    Tensor = 1,

    /// <summary>One threshold over all candidate tensors.</summary>
    Model = 2,
}

/// <summary>Names compared without case and without surplus blanks.</summary>
public static class ConceptName
{
    /// <summary>The key under which two spellings of one concept meet: lower case, single blanks.</summary>
    public static string KeyOf(string name) =>
        string.Join(' ', name.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).ToLowerInvariant();
}
