using SafetyPortal.Images;

namespace SafetyPortal.Lab.DemoWorld.World;

/// <summary>A square float picture, sRGB in 0..1, onto which paint is laid pixel by pixel.</summary>
public sealed class Canvas
{
    private readonly float[] _rgb;

    public Canvas(int side, float red, float green, float blue)
    {
        Side = side;
        _rgb = new float[side * side * 3];
        for (var i = 0; i < _rgb.Length; i += 3)
            (_rgb[i], _rgb[i + 1], _rgb[i + 2]) = (red, green, blue);
    }

    public int Side { get; }

    /// <summary>Lays a colour over pixel (x, y) with coverage 0..1.</summary>
    public void Over(int x, int y, float red, float green, float blue, float coverage)
    {
        if (coverage <= 0)
            return;
        var alpha = Math.Min(coverage, 1);
        var i = (y * Side + x) * 3;
        _rgb[i] += (red - _rgb[i]) * alpha;
        _rgb[i + 1] += (green - _rgb[i + 1]) * alpha;
        _rgb[i + 2] += (blue - _rgb[i + 2]) * alpha;
    }

    public Raster ToRaster()
    {
        var bytes = new byte[_rgb.Length];
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)Math.Clamp((int)(_rgb[i] * 255 + 0.5f), 0, 255);
        return new Raster(Side, Side, 3, bytes);
    }
}
