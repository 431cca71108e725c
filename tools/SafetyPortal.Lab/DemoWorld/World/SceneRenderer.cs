using SafetyPortal.Images;

namespace SafetyPortal.Lab.DemoWorld.World;

/// <summary>Renders scenes at 64 x 64: a plain background, then one drawing or one mannequin.</summary>
public sealed class SceneRenderer(Artwork artwork)
{
    /// <summary>Side of every picture of the demo world, in pixels.</summary>
    public const int Side = 64;

    private const int Supersampling = 3;

    /// <summary>The same scene always gives the same bytes.</summary>
    public Raster Render(Scene scene)
    {
        var random = scene.Placement();
        var canvas = Background(scene, ref random);
        if (Vocabulary.IsMannequin(scene.Class))
            MannequinPainter.Paint(canvas, string.Equals(scene.ClassName, Vocabulary.Clothed, StringComparison.Ordinal), ref random);
        else
            Place(canvas, artwork[scene.Class, scene.Style], ref random);
        return canvas.ToRaster();
    }

    private static Canvas Background(Scene scene, ref SceneRandom random)
    {
        var colour = Vocabulary.Backgrounds[scene.Background];

        // A line drawing lives on paper: the named colour, thinned with white.
        var thin = string.Equals(scene.StyleName, Vocabulary.Sketch, StringComparison.Ordinal) ? 0.62 : 0;
        float Channel(byte value, ref SceneRandom random) =>
            (float)Math.Clamp((value / 255.0 * (1 - thin)) + thin + random.Between(-0.03, 0.03), 0, 1);
        return new Canvas(Side, Channel(colour.Red, ref random), Channel(colour.Green, ref random), Channel(colour.Blue, ref random));
    }

    private static void Place(Canvas canvas, Drawing drawing, ref SceneRandom random)
    {
        var scale = Side * random.Between(0.85, 0.95) / drawing.Side;
        var angle = random.Between(-6, 6) * Math.PI / 180;
        var (shiftX, shiftY) = (random.Between(-2, 2), random.Between(-2, 2));
        var hue = HueRotation(random.Between(-8, 8) * Math.PI / 180);
        var (cos, sin) = (Math.Cos(angle) / scale, Math.Sin(angle) / scale);
        const int samples = Supersampling * Supersampling;
        Span<float> sum = stackalloc float[4];
        for (var y = 0; y < Side; y++)
        {
            for (var x = 0; x < Side; x++)
            {
                sum.Clear();
                for (var s = 0; s < samples; s++)
                {
                    var dx = x + (s % Supersampling + 0.5) / Supersampling - Side / 2.0 - shiftX;
                    var dy = y + (s / Supersampling + 0.5) / Supersampling - Side / 2.0 - shiftY;
                    drawing.Accumulate((cos * dx) + (sin * dy) + drawing.Side / 2.0, (cos * dy) - (sin * dx) + drawing.Side / 2.0, sum);
                }

                if (sum[3] <= 0)
                    continue;
                var (r, g, b) = (sum[0] / sum[3], sum[1] / sum[3], sum[2] / sum[3]);
                float Hue(int row) => Math.Clamp(hue[row] * r + hue[row + 1] * g + hue[row + 2] * b, 0, 1);
                canvas.Over(x, y, Hue(0), Hue(3), Hue(6), sum[3] / samples);
            }
        }
    }

    /// <summary>
    /// Row-major 3 x 3 matrix that rotates colours about the grey axis (Rodrigues' formula about (1, 1, 1)). Greys stay grey, so line drawings are
    /// untouched.
    /// </summary>
    private static float[] HueRotation(double angle)
    {
        var cos = Math.Cos(angle);
        var diagonal = (float)(cos + (1 - cos) / 3);
        var before = (float)((1 - cos) / 3 - Math.Sin(angle) / Math.Sqrt(3));
        var after = (float)((1 - cos) / 3 + Math.Sin(angle) / Math.Sqrt(3));
        return [diagonal, before, after, after, diagonal, before, before, after, diagonal];
    }
}
