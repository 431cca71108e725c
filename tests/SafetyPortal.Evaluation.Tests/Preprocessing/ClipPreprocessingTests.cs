using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Preprocessing;

public sealed class ClipPreprocessingTests
{
    [Fact]
    public void FromImages_SizeOfTheImage_KeepsEveryPixel()
    {
        using var scope = NewDisposeScope();
        var picture = GoldenMetrics.Pictures("pairs.a_u8")[0];

        var pixels = ClipPreprocessing.FromImages([picture], picture.Width);

        // The first pixel by hand: (value / 255 - mean) / deviation of the red channel.
        pixels[0, 0, 0, 0].ToDouble().ShouldBe(((picture.Pixels[0] / 255.0) - 0.48145466) / 0.26862954, 1e-6);
    }
}
