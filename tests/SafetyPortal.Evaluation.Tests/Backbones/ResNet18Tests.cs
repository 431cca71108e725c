using SafetyPortal.Evaluation.Backbones;
using SafetyPortal.Images;

namespace SafetyPortal.Evaluation.Tests.Backbones;

public sealed class ResNet18Tests
{
    [Fact]
    public void Read_SameDrawingAtTwiceTheSize_IsNearerThanAnotherDrawing()
    {
        using var network = ResNet18.Load();

        var features = network.Read([Disc(100), Disc(200), Stripes(100)]);

        (features.Count, features.Dimension).ShouldBe((3, ResNet18.FeatureCount));
        Cosine(features[0], features[1]).ShouldBeGreaterThan(0.95);
        Cosine(features[0], features[2]).ShouldBeLessThan(0.7);
    }

    private static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double dot = 0, aa = 0, bb = 0;
        for (var i = 0; i < a.Length; i++)
            (dot, aa, bb) = (dot + (a[i] * b[i]), aa + (a[i] * a[i]), bb + (b[i] * b[i]));
        return dot / Math.Sqrt(aa * bb);
    }

    private static Raster Disc(int side) => Draw(side, (x, y) => ((x - 0.5) * (x - 0.5)) + ((y - 0.5) * (y - 0.5)) < 0.1);

    private static Raster Stripes(int side) => Draw(side, (x, _) => (int)(x * 20) % 2 == 0);

    // Red on white.
    private static Raster Draw(int side, Func<double, double, bool> isRed)
    {
        var pixels = new byte[side * side * 3];
        Array.Fill(pixels, (byte)255);
        for (var p = 0; p < side * side; p++)
        {
            if (isRed(p % side / (double)side, p / side / (double)side))
                (pixels[(3 * p) + 1], pixels[(3 * p) + 2]) = (0, 0);
        }

        return new(side, side, 3, pixels);
    }
}
