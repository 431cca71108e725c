using SafetyPortal.Images;

namespace SafetyPortal.Lab.DemoWorld.World;

/// <summary>A square float picture, sRGB in 0..1, onto which paint is laid pixel by pixel.</summary>
public sealed class Canvas
{
    private readonly float[] rgb;

    public Canvas(int side, float red, float green, float blue)
    {
        Side = side;
        rgb = new float[side * side * 3];
        for (var i = 0; i < rgb.Length; i += 3)
            (rgb[i], rgb[i + 1], rgb[i + 2]) = (red, green, blue);
    }

    public int Side { get; }

    /// <summary>Lays a colour over pixel (x, y) with coverage 0..1.</summary>
    public void Over(int x, int y, float red, float green, float blue, float coverage)
    {
        if (coverage <= 0)
            return;
        var alpha = Math.Min(coverage, 1);
        var i = (y * Side + x) * 3;
        rgb[i] += (red - rgb[i]) * alpha;
        rgb[i + 1] += (green - rgb[i + 1]) * alpha;
        rgb[i + 2] += (blue - rgb[i + 2]) * alpha;
    }

    public Raster ToRaster()
    {
        var bytes = new byte[rgb.Length];
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)Math.Clamp((int)(rgb[i] * 255 + 0.5f), 0, 255);
        return new Raster(Side, Side, 3, bytes);
    }
}
