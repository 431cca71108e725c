using SafetyPortal.Images;

namespace SafetyPortal.Lab.DemoWorld.World;

/// <summary>One drawing with premultiplied alpha, floats in 0..1, so that resampling never bleeds hidden colours.</summary>
public sealed class Drawing
{
    private readonly float[] rgba;

    public Drawing(int side, float[] premultiplied)
    {
        if (premultiplied.Length != side * side * 4)
            throw new ArgumentException($"A drawing of {side} x {side} has {side * side * 4} samples, got {premultiplied.Length}.", nameof(premultiplied));
        Side = side;
        rgba = premultiplied;
    }

    public int Side { get; }

    public ReadOnlySpan<float> Samples => rgba;

    /// <summary>Adds the bilinear sample at (x, y), in pixels, to <paramref name="sum"/>; outside is transparent.</summary>
    public void Accumulate(double x, double y, Span<float> sum)
    {
        var left = (int)Math.Floor(x - 0.5);
        var top = (int)Math.Floor(y - 0.5);
        var fx = (float)(x - 0.5 - left);
        var fy = (float)(y - 0.5 - top);
        Add(left, top, (1 - fx) * (1 - fy), sum);
        Add(left + 1, top, fx * (1 - fy), sum);
        Add(left, top + 1, (1 - fx) * fy, sum);
        Add(left + 1, top + 1, fx * fy, sum);
    }

    private void Add(int x, int y, float weight, Span<float> sum)
    {
        if ((uint)x >= (uint)Side || (uint)y >= (uint)Side)
            return;
        var i = (y * Side + x) * 4;
        for (var c = 0; c < 4; c++)
            sum[c] += weight * rgba[i + c];
    }

    public static Drawing FromRaster(Raster raster)
    {
        if (raster.Width != raster.Height || raster.Channels != 4)
            throw new ArgumentException($"Artwork is square with alpha, got {raster.Width} x {raster.Height} x {raster.Channels}.", nameof(raster));
        var samples = new float[raster.Pixels.Length];
        for (var i = 0; i < samples.Length; i += 4)
        {
            var alpha = raster.Pixels[i + 3] / 255f;
            for (var c = 0; c < 3; c++)
                samples[i + c] = raster.Pixels[i + c] / 255f * alpha;
            samples[i + 3] = alpha;
        }

        return new Drawing(raster.Width, samples);
    }
}

/// <summary>The artwork folder: one PNG per object in each of noto/, twemoji/ and fluent/.</summary>
public sealed class Artwork
{
    private static readonly ImageLimits Limits = new(1 << 20, 512 * 512);
    private readonly Drawing[,] drawings;

    private Artwork(Drawing[,] drawings) => this.drawings = drawings;

    /// <param name="objectIndex">Index into <see cref="Vocabulary.Objects"/>.</param>
    /// <param name="style">Index into <see cref="Vocabulary.Styles"/>.</param>
    public Drawing this[int objectIndex, int style] => drawings[objectIndex, style];

    /// <exception cref="FileNotFoundException">A drawing is missing.</exception>
    public static Artwork Load(string directory)
    {
        var drawings = new Drawing[Vocabulary.Objects.Count, Vocabulary.Styles.Count];
        for (var o = 0; o < Vocabulary.Objects.Count; o++)
        {
            for (var s = 0; s < Vocabulary.Styles.Count; s++)
            {
                if (!string.Equals(Vocabulary.Styles[s], Vocabulary.Sketch, StringComparison.Ordinal))
                    drawings[o, s] = Read(directory, Vocabulary.Styles[s], Vocabulary.Objects[o]);
            }

            // Flat colours give the cleanest contours, so the line drawing starts from the flattest family.
            drawings[o, Vocabulary.Styles.Count - 1] = SketchFilter.Apply(drawings[o, 1]);
        }

        return new Artwork(drawings);
    }

    private static Drawing Read(string directory, string style, string name)
    {
        var path = Path.Combine(directory, style, name.Replace(' ', '-') + ".png");
        if (!File.Exists(path))
            throw new FileNotFoundException($"The demo artwork lacks '{name}' in the style {style}: expected {path}.", path);
        return Drawing.FromRaster(ImageCodec.Decode(File.ReadAllBytes(path), Limits, channels: 4));
    }
}
