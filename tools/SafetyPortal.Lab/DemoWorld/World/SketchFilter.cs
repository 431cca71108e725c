namespace SafetyPortal.Lab.DemoWorld.World;

/// <summary>
/// Turns a coloured drawing into a line drawing: strokes where colour or coverage changes, paper white inside the contour.
/// </summary>
public static class SketchFilter
{
    private const int StrokeRadius = 2;

    public static Drawing Apply(Drawing source)
    {
        var side = source.Side;
        var ink = Dilate(Gradient(source), side);
        var samples = new float[side * side * 4];
        for (var i = 0; i < ink.Length; i++)
        {
            var paper = source.Samples[i * 4 + 3];
            var stroke = Math.Clamp((ink[i] - 0.10f) / 0.12f, 0, 1);
            var alpha = stroke + paper * (1 - stroke);
            samples[i * 4 + 3] = alpha;

            // Premultiplied: strokes are near black, paper near white.
            var value = stroke * 0.07f + paper * (1 - stroke) * 0.97f;
            samples[i * 4] = samples[i * 4 + 1] = samples[i * 4 + 2] = value;
        }

        return new Drawing(side, samples);
    }

    /// <summary>Largest Sobel magnitude over the premultiplied channels and alpha, so that contour and inner edges both count.</summary>
    private static float[] Gradient(Drawing source)
    {
        var side = source.Side;
        var result = new float[side * side];
        for (var y = 0; y < side; y++)
        {
            for (var x = 0; x < side; x++)
            {
                for (var c = 0; c < 4; c++)
                {
                    float At(int dx, int dy)
                    {
                        var (px, py) = (x + dx, y + dy);
                        return (uint)px < (uint)side && (uint)py < (uint)side ? source.Samples[(py * side + px) * 4 + c] : 0;
                    }

                    var gx = At(1, -1) + 2 * At(1, 0) + At(1, 1) - At(-1, -1) - 2 * At(-1, 0) - At(-1, 1);
                    var gy = At(-1, 1) + 2 * At(0, 1) + At(1, 1) - At(-1, -1) - 2 * At(0, -1) - At(1, -1);
                    result[y * side + x] = Math.Max(result[y * side + x], MathF.Sqrt(gx * gx + gy * gy) / 4);
                }
            }
        }

        return result;
    }

    /// <summary>Thickens strokes to about two pixels of the final 64 x 64 picture.</summary>
    private static float[] Dilate(float[] values, int side)
    {
        var result = new float[values.Length];
        for (var y = 0; y < side; y++)
        {
            for (var x = 0; x < side; x++)
            {
                var best = 0f;
                for (var dy = -StrokeRadius; dy <= StrokeRadius; dy++)
                {
                    for (var dx = -StrokeRadius; dx <= StrokeRadius; dx++)
                    {
                        var (px, py) = (x + dx, y + dy);
                        if (dx * dx + dy * dy <= StrokeRadius * StrokeRadius && (uint)px < (uint)side && (uint)py < (uint)side)
                            best = Math.Max(best, values[py * side + px]);
                    }
                }

                result[y * side + x] = best;
            }
        }

        return result;
    }
}
