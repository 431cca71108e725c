namespace SafetyPortal.Images;

/// <summary>An uncompressed 8-bit sRGB image.</summary>
/// <param name="Width">Pixels per row, at least 1.</param>
/// <param name="Height">Rows, at least 1.</param>
/// <param name="Channels">3 (red, green, blue) or 4 (and straight, not premultiplied, alpha).</param>
/// <param name="Pixels">Interleaved row-major samples, <c>Width * Height * Channels</c> bytes.</param>
public sealed record Raster(int Width, int Height, int Channels, byte[] Pixels)
{
    /// <summary>Refuses a raster that cannot be drawn or encoded.</summary>
    /// <exception cref="ArgumentException">A side is not positive, channels are not 3, or the pixel count differs.</exception>
    internal static void Validate(Raster raster)
    {
        var (width, height, channels, pixels) = raster;
        if (width <= 0 || height <= 0)
            throw new ArgumentException($"A raster needs positive sides, got {width} x {height}.", nameof(raster));
        if (channels != 3)
            throw new ArgumentException($"Expected a raster of 3 channels, got {channels}.", nameof(raster));
        var expected = (long)width * height * channels;
        if (pixels.Length != expected)
            throw new ArgumentException($"A raster of {width} x {height} x {channels} has {expected} bytes of pixels, got {pixels.Length}.", nameof(raster));
    }
}
