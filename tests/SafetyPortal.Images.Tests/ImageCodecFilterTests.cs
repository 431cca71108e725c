namespace SafetyPortal.Images.Tests;

public class ImageCodecFilterTests
{
    [Theory]
    [InlineData(ResizeKernel.Nearest)]
    [InlineData(ResizeKernel.Linear)]
    [InlineData(ResizeKernel.Cubic)]
    [InlineData(ResizeKernel.Lanczos3)]
    public void Resize_SolidColour_KeepsColourAndGivesExactSize(ResizeKernel kernel)
    {
        foreach (var (width, height) in new[] { (1, 1), (7, 13), (50, 20), (131, 97) })
        {
            var resized = ImageCodec.Resize(Pictures.Solid(33, 21, 10, 200, 90), width, height, kernel);

            Pictures.LargestDifference(resized, Pictures.Solid(width, height, 10, 200, 90)).ShouldBeLessThanOrEqualTo(1);
        }
    }

    [Theory]
    [InlineData(ResizeKernel.Linear)]
    [InlineData(ResizeKernel.Cubic)]
    [InlineData(ResizeKernel.Lanczos3)]
    public void Resize_ShrunkHundredsOfTimes_KeepsTheGradient(ResizeKernel kernel)
    {
        foreach (var (width, height, across, down) in new[] { (100_000, 3, 250, 1), (100_000, 2, 200, 2), (2, 300_000, 1, 100), (50_001, 40, 7, 5) })
        {
            var small = ImageCodec.Resize(Pictures.Gradient(width, height), across, down, kernel);

            (small.Width, small.Height).ShouldBe((across, down));
            for (var x = 0; x < across; x++)
                ((double)small.Pixels[x * 3]).ShouldBe(across == 1 ? small.Pixels[0] : 255 * (x + 0.5) / across, 3, $"{width} x {height}, column {x}");
            for (var y = 0; y < down && down > 2; y++)
                ((double)small.Pixels[(y * across * 3) + 1]).ShouldBe(255 * (y + 0.5) / down, down > 5 ? 3 : 20, $"{width} x {height}, row {y}");
        }
    }

    [Fact]
    public void Resize_LinearHalf_AveragesNeighbours()
    {
        // Columns 0, 0, 200, 200: the triangle filter of width 4 weighs 1/8, 3/8, 3/8, 1/8 around each new pixel,
        // with the edge pixel repeated: 0/8 + 0 + 0 + 200/8 = 25 and 175.
        var raster = new Raster(4, 1, 3, [0, 0, 0, 0, 0, 0, 200, 200, 200, 200, 200, 200]);

        var half = ImageCodec.Resize(raster, 2, 1, ResizeKernel.Linear);

        ((int)half.Pixels[0]).ShouldBeInRange(24, 26);
        ((int)half.Pixels[3]).ShouldBeInRange(174, 176);
    }

    [Fact]
    public void Resize_HiddenColourOfClearPixels_DoesNotBleed()
    {
        // Left half opaque black, right half fully clear but stored red.
        var raster = new Raster(4, 1, 4, [0, 0, 0, 255, 0, 0, 0, 255, 255, 0, 0, 0, 255, 0, 0, 0]);

        var half = ImageCodec.Resize(raster, 2, 1, ResizeKernel.Linear);

        half.Pixels[0].ShouldBe((byte)0);
        half.Pixels[4].ShouldBe((byte)0);
    }

    [Fact]
    public void GaussianBlur_Impulse_FollowsTheGaussian()
    {
        // A white point on black; at sigma 2 the centre holds 1/(2 pi sigma^2) = 0.0398 of 255 = 10.1, at distance 2 that times e^-0.5 = 6.2.
        var raster = Pictures.Solid(31, 31, 0, 0, 0);
        raster.Pixels.AsSpan(((15 * 31) + 15) * 3, 3).Fill(255);

        var blurred = ImageCodec.GaussianBlur(raster, 2);

        ((int)blurred.Pixels[((15 * 31) + 15) * 3]).ShouldBeInRange(9, 11);
        ((int)blurred.Pixels[((15 * 31) + 17) * 3]).ShouldBeInRange(5, 7);
        ((int)blurred.Pixels[0]).ShouldBe(0);
    }

    [Fact]
    public void GaussianBlur_SolidColourWithAlpha_IsUnchanged()
    {
        var raster = Pictures.Solid(20, 10, 40, 80, 120, 255);

        Pictures.LargestDifference(raster, ImageCodec.GaussianBlur(raster, 5)).ShouldBeLessThanOrEqualTo(1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(501)]
    public void GaussianBlur_SigmaOutOfRange_IsRefused(double sigma) =>
        Should.Throw<ArgumentOutOfRangeException>(() => ImageCodec.GaussianBlur(Pictures.Solid(2, 2, 0, 0, 0), sigma));

    [Fact]
    public void Resize_SideOutOfRange_IsRefused()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => ImageCodec.Resize(Pictures.Solid(2, 2, 0, 0, 0), 0, 2));
        Should.Throw<ArgumentOutOfRangeException>(() => ImageCodec.Resize(Pictures.Solid(2, 2, 0, 0, 0), 2, ImageCodec.MaxSide + 1));
    }
}
