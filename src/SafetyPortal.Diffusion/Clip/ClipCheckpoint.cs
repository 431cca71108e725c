namespace SafetyPortal.Diffusion.Clip;

/// <summary>Peculiarities of published CLIP checkpoints.</summary>
internal static class ClipCheckpoint
{
    /// <returns>The network's name for a tensor; null for the constant position numbers that older files hold.</returns>
    public static string? Name(string checkpointName) =>
        checkpointName.EndsWith("embeddings.position_ids", StringComparison.Ordinal) ? null : checkpointName;
}
