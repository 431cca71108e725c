using SafetyPortal.Images;

namespace SafetyPortal.Evaluation;

public sealed class PictureTests
{
    [Fact]
    public void Compare_EqualPictures_IsPerfect()
    {
        var picture = GoldenMetrics.Pictures("pairs.a_u8")[0];

        Ssim.Compare(picture, picture).ShouldBe(1, 1e-12);
        Psnr.Compare(picture, picture).ShouldBe(double.PositiveInfinity);
    }

    [Fact]
    public void Compare_OtherSize_SaysBoth()
        => Should.Throw<ArgumentException>(() => Ssim.Compare(Grey(20, 20), Grey(20, 30))).Message.ShouldContain("20 x 20 pixels, number 2 has 20 x 30");

    [Fact]
    public void Ssim_SmallerThanItsWindow_IsRefused()
        => Should.Throw<ArgumentException>(() => Ssim.Compare(Grey(10, 20), Grey(10, 20))).Message.ShouldContain("at least 11 x 11");

    private static Raster Grey(int width, int height) => new(width, height, 3, new byte[width * height * 3]);
}
