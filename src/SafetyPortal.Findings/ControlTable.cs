namespace SafetyPortal.Findings;

/// <summary>The purpose of a row of the <see cref="ControlTable"/>.</summary>
public enum ControlRole
{
    /// <summary>The edit up for decision.</summary>
    Edit,

    /// <summary>Another published way to make the same edit, at equal size.</summary>
    Method,

    /// <summary>Something that should do less, at equal size.</summary>
    Control,
}

/// <summary>The edit and its controls; the edit is the first row.</summary>
public sealed record ControlTable(IReadOnlyList<ControlRow> Rows);

/// <summary>Measurements of one edited model on the same prompts and seeds.</summary>
/// <param name="Code">Stable name: "edit", "cad", "random", "largest", "gradient" or "wanda".</param>
/// <param name="Name">Name for people.</param>
/// <param name="Weights">Weights changed.</param>
/// <param name="Patch">Artifact of the patch.</param>
/// <param name="Target">Detection of the target before and after, both over the same images, which may be a part of the gallery.</param>
/// <param name="Retention">Detection of the other concepts; null when only target images were made.</param>
/// <param name="ClipScore">Null when only target images were made.</param>
public sealed record ControlRow(
    string Code, ControlRole Role, string Name, long Weights, string Patch, DetectionChange Target, RetentionMetrics? Retention, ClipScoreChange? ClipScore);
