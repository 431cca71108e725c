namespace SafetyPortal.Images.Tests;

public class VeilingTests
{
    [Fact]
    public void Draw_SolidColour_IsUnchanged()
    {
        var raster = Pictures.Solid(40, 25, 40, 80, 120);

        Pictures.LargestDifference(Veiling.Draw(raster), raster).ShouldBeLessThanOrEqualTo(1);
    }

    [Fact]
    public void Draw_StripesThinnerThanTheGrain_BecomeOneColour()
    {
        // Columns of 0 and 255 in turn: their mean is 127.5.
        var raster = Pictures.Solid(64, 64, 0, 0, 0);
        for (var i = 0; i < raster.Pixels.Length; i += 6)
            raster.Pixels.AsSpan(i, 3).Fill(255);

        Veiling.Draw(raster).Pixels.Max(sample => Math.Abs(sample - 127)).ShouldBeLessThan(8);
    }

    [Fact]
    public void Draw_HalfBlackHalfWhite_KeepsTheSidesAndBlursTheEdge()
    {
        var raster = Pictures.Solid(128, 64, 0, 0, 0);
        for (var y = 0; y < 64; y++)
            raster.Pixels.AsSpan(((y * 128) + 64) * 3, 64 * 3).Fill(255);

        var veiled = Veiling.Draw(raster);

        var row = Enumerable.Range(0, 128).Select(x => (int)veiled.Pixels[((32 * 128) + x) * 3]).ToList();
        row[0].ShouldBeLessThan(5);
        row[127].ShouldBeGreaterThan(250);
        // An edge of 8 colours that grow linearly is a ramp of 16 levels a column.
        row.Zip(row.Skip(1), (left, right) => right - left).ShouldAllBe(step => step >= 0 && step <= 10);
        raster.Pixels[0].ShouldBe((byte)0, "the picture itself is left alone");
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 200)]
    [InlineData(501, 7)]
    public void Draw_AnySize_KeepsIt(int width, int height)
    {
        var veiled = Veiling.Draw(Pictures.Gradient(width, height));

        (veiled.Width, veiled.Height, veiled.Pixels.Length).ShouldBe((width, height, width * height * 3));
    }
}
