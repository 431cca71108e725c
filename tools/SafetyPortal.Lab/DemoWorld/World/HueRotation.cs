namespace SafetyPortal.Lab.DemoWorld.World;

/// <summary>Rotates colours about the grey axis; greys stay grey, so line drawings are untouched.</summary>
public static class HueRotation
{
    /// <summary>Row-major 3 x 3 matrix for an angle in radians (Rodrigues' formula about (1, 1, 1)).</summary>
    public static float[] Matrix(double angle)
    {
        var cos = Math.Cos(angle);
        var diagonal = (float)(cos + (1 - cos) / 3);
        var before = (float)((1 - cos) / 3 - Math.Sin(angle) / Math.Sqrt(3));
        var after = (float)((1 - cos) / 3 + Math.Sin(angle) / Math.Sqrt(3));
        return [diagonal, before, after, after, diagonal, before, before, after, diagonal];
    }
}
