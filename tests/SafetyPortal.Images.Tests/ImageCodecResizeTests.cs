namespace SafetyPortal.Images.Tests;

public class ImageCodecResizeTests
{
    [Fact]
    public void Resize_SolidColour_KeepsColourAndGivesExactSize()
    {
        foreach (var (width, height) in new[] { (1, 1), (7, 13), (50, 20), (131, 97) })
        {
            var resized = ImageCodec.Resize(Pictures.Solid(33, 21, 10, 200, 90), width, height);

            Pictures.LargestDifference(resized, Pictures.Solid(width, height, 10, 200, 90)).ShouldBeLessThanOrEqualTo(1);
        }
    }

    [Fact]
    public void Resize_ShrunkHundredsOfTimes_KeepsTheGradient()
    {
        foreach (var (width, height, across, down) in new[] { (100_000, 3, 250, 1), (100_000, 2, 200, 2), (2, 300_000, 1, 100), (50_001, 40, 7, 5) })
        {
            var small = ImageCodec.Resize(Pictures.Gradient(width, height), across, down);

            (small.Width, small.Height).ShouldBe((across, down));
            for (var x = 0; x < across; x++)
                ((double)small.Pixels[x * 3]).ShouldBe(across == 1 ? small.Pixels[0] : 255 * (x + 0.5) / across, 3, $"{width} x {height}, column {x}");
            for (var y = 0; y < down && down > 2; y++)
                ((double)small.Pixels[(y * across * 3) + 1]).ShouldBe(255 * (y + 0.5) / down, down > 5 ? 3 : 20, $"{width} x {height}, row {y}");
        }
    }

    [Fact]
    public void Resize_SideBelowOne_IsRefused()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => ImageCodec.Resize(Pictures.Solid(2, 2, 0, 0, 0), 0, 2));
        Should.Throw<ArgumentOutOfRangeException>(() => ImageCodec.Resize(Pictures.Solid(2, 2, 0, 0, 0), 2, -1));
    }
}
