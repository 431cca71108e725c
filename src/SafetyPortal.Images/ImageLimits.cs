namespace SafetyPortal.Images;

/// <summary>What decoding an image may cost. Bytes and pixels are checked before any pixel is allocated.</summary>
/// <param name="MaxBytes">Largest encoded size.</param>
/// <param name="MaxPixels">Largest width times height, read from the header.</param>
public sealed record ImageLimits(long MaxBytes, long MaxPixels)
{
    /// <summary>16 MiB of file and 4096 x 4096 pixels: generous for photographs, harmless for memory.</summary>
    public static ImageLimits Default { get; } = new(16L * 1024 * 1024, 4096L * 4096);

    /// <summary>Longest decoding. The largest pictures take a second; a busy machine needs more.</summary>
    public TimeSpan MaxTime { get; init; } = TimeSpan.FromSeconds(20);
}
