namespace SafetyPortal.Diffusion.Clip;

/// <summary>Peculiarities of published CLIP checkpoints.</summary>
internal static class ClipCheckpoint
{
    private static readonly string[] TextParts = ["embeddings.", "encoder.", "final_layer_norm."];

    /// <returns>The network's name for a tensor; null for the constant position numbers that older files hold.</returns>
    public static string? Name(string checkpointName) =>
        checkpointName.EndsWith("embeddings.position_ids", StringComparison.Ordinal) ? null : checkpointName;

    /// <summary>The same for a text encoder that is a file of its own, whose names transformers 5 writes without the prefix <c>text_model.</c>.</summary>
    public static string? TextName(string checkpointName) =>
        Array.Exists(TextParts, part => checkpointName.StartsWith(part, StringComparison.Ordinal)) ? Name("text_model." + checkpointName) : Name(checkpointName);
}
