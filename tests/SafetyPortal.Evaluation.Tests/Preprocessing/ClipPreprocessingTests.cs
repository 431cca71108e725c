using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Preprocessing;

/// <summary>Against openai/CLIP's transform with Pillow and torchvision's resize (08_metrics/README.md), all within 1e-5.</summary>
public sealed class ClipPreprocessingTests
{
    [Theory]
    [InlineData("clip.images_u8", "clip.openai_preprocess")]
    [InlineData("clip.image_nonsquare_u8", "clip.openai_preprocess_nonsquare")]
    public void FromImages_GoldenPictures_AreThePixelsOfPillow(string pictures, string expected)
    {
        using var scope = NewDisposeScope();
        using var golden = SafetensorsFile.Open(GoldenFolder.At("08_metrics", "io.safetensors"));
        var reference = golden.Read(expected);

        var pixels = ClipPreprocessing.FromImages(GoldenMetrics.Pictures(pictures), (int)reference.size(-1));

        (pixels.reshape(reference.shape) - reference).abs().max().ToDouble().Finite().ShouldBeLessThan(1e-5);
    }

    [Theory]
    [InlineData(true, "clip.tensor_bicubic_antialias.resized")]
    [InlineData(false, "clip.tensor_bicubic_no_antialias.resized")]
    public void Resize_GoldenTensors_AreTorchvisions(bool antialias, string expected)
    {
        using var scope = NewDisposeScope();
        using var golden = SafetensorsFile.Open(GoldenFolder.At("08_metrics", "io.safetensors"));
        var reference = golden.Read(expected);

        var pixels = ClipPreprocessing.Resize(golden.Read("clip.images_u8").to(ScalarType.Float32) / 255, (int)reference.size(2), (int)reference.size(3), antialias);

        (pixels - reference).abs().max().ToDouble().Finite().ShouldBeLessThan(1e-5);
    }

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
