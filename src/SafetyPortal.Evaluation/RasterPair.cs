using SafetyPortal.Images;

namespace SafetyPortal.Evaluation;

/// <summary>Checks the two images of a comparison.</summary>
internal static class RasterPair
{
    public static void RequireSameSize(Raster first, Raster second)
    {
        if (first.Width != second.Width || first.Height != second.Height)
            throw new ArgumentException($"Expected {first.Width} x {first.Height} pixels, the second has {second.Width} x {second.Height}.", nameof(second));
        foreach (var image in new[] { first, second })
        {
            if (image.Channels is not (3 or 4))
                throw new ArgumentException($"Expected 3 or 4 channels, got {image.Channels}.", nameof(first));
        }
    }
}
