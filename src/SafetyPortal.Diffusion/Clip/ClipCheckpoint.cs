namespace SafetyPortal.Diffusion.Clip;

/// <summary>Peculiarities of published CLIP checkpoints.</summary>
internal static class ClipCheckpoint
{
    private static readonly string[] TextParts = ["embeddings.", "encoder.", "final_layer_norm."];

    /// <returns>The network's name for a tensor; null for the constant position numbers that older files hold.</returns>
    public static string? Name(string checkpointName) =>
        checkpointName.EndsWith("embeddings.position_ids", StringComparison.Ordinal) ? null : checkpointName;

    /// <summary>Returns <see cref="Name"/> for a text encoder in a file of its own. There transformers 5 leaves the prefix <c>text_model.</c> out.</summary>
    public static string? TextName(string checkpointName) =>
        Name(Array.Exists(TextParts, part => checkpointName.StartsWith(part, StringComparison.Ordinal)) ? "text_model." + checkpointName : checkpointName);
}
