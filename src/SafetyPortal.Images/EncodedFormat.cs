namespace SafetyPortal.Images;

/// <summary>The encodings that are read.</summary>
internal enum EncodedFormat
{
    Png,
    Jpeg,
    WebP,
}

/// <summary>Recognises an encoding by its first bytes; file names and content types are never trusted.</summary>
internal static class EncodedFormatDetection
{
    /// <summary>The format whose signature starts <paramref name="bytes"/>, or null when none does.</summary>
    public static EncodedFormat? Detect(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith(PngSignature))
            return EncodedFormat.Png;
        if (bytes.StartsWith(JpegSignature))
            return EncodedFormat.Jpeg;
        if (bytes.Length >= 16 && bytes.StartsWith("RIFF"u8) && bytes[8..].StartsWith("WEBPVP8"u8))
            return EncodedFormat.WebP;
        return null;
    }

    public static string Name(this EncodedFormat format) => format == EncodedFormat.WebP ? "WebP" : format.ToString().ToUpperInvariant();

    private static ReadOnlySpan<byte> PngSignature => [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];

    private static ReadOnlySpan<byte> JpegSignature => [0xFF, 0xD8, 0xFF];
}
