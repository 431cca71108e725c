using System.Security.Cryptography;
using System.Text;

namespace SafetyPortal.Images.Tests;

public class ImageCodecRoundTripTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(37, 21)]
    [InlineData(512, 512)]
    public void EncodePng_Decoded_IsIdentical(int width, int height)
    {
        var raster = Pictures.Noise(width, height);

        var decoded = ImageCodec.Decode(ImageCodec.EncodePng(raster), ImageLimits.Default);

        Pictures.LargestDifference(raster, decoded).ShouldBe(0);
    }

    [Fact]
    public async Task EncodePng_SameRasterOnManyThreads_GivesTheKnownBytes()
    {
        var raster = Pictures.Gradient(64, 48);

        var encoded = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => ImageCodec.EncodePng(raster))));

        // Galleries are stored under the digest of their bytes: an encoder that writes others stores them twice.
        encoded.Select(png => Convert.ToHexStringLower(SHA256.HashData(png))).Distinct(StringComparer.Ordinal)
            .ShouldBe(["d39bd6567ec908939b94a27d58f071b748d83664733609b6156255d3316de6e1"]);
    }

    [Fact]
    public void EncodeJpegAndWebp_SmoothImage_StayWithinTwelveLevels()
    {
        var raster = Pictures.Gradient(64, 64);

        Pictures.LargestDifference(raster, ImageCodec.Decode(ImageCodec.EncodeJpeg(raster, 95), ImageLimits.Default)).ShouldBeLessThan(12);
        Pictures.LargestDifference(raster, ImageCodec.Decode(ImageCodec.EncodeWebp(raster, 95), ImageLimits.Default)).ShouldBeLessThan(12);
    }

    [Fact]
    public void Decode_TransparentPixels_AreMixedWithWhite()
    {
        // One row of RGBA: clear red, half transparent red, opaque red. 255 * 127/255 = 127 of white shows through the second.
        var png = Pictures.Png(3, 1, bitDepth: 8, colourType: 6, [0, 255, 0, 0, 0, 255, 0, 0, 128, 255, 0, 0, 255]);

        ImageCodec.Decode(png, ImageLimits.Default).Pixels.ShouldBe([255, 255, 255, 255, 127, 127, 255, 0, 0]);
        ImageCodec.Decode(png, ImageLimits.Default, 4).Pixels.ShouldBe([255, 0, 0, 0, 255, 0, 0, 128, 255, 0, 0, 255]);
    }

    // Pillow 9.4 with libjpeg-turbo 2.1.5 wrote both files and gave these digests for Image.open(file).convert("RGB").tobytes().
    [Theory]
    [InlineData("odd.jpg", "2eaa98f31b07d91d435757643897f8fdc8e24c7046a228b34229881cce709801")]
    [InlineData("odd.webp", "9f022768740095faf531485a098c59e1f75aca594e3d89974766104a38e1147a")]
    public void Decode_LossyFile_GivesPillowsPixels(string name, string digest)
    {
        var decoded = ImageCodec.Decode(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Files", name)), ImageLimits.Default);

        (decoded.Width, decoded.Height).ShouldBe((37, 29));
        Convert.ToHexStringLower(SHA256.HashData(decoded.Pixels)).ShouldBe(digest);
    }

    [Fact]
    public void Decode_AnimatedWebp_GivesTheFirstFrame()
    {
        var decoded = ImageCodec.Decode(Pictures.AnimatedWebp(frames: 3), ImageLimits.Default);

        (decoded.Width, decoded.Height).ShouldBe((1, 1));
        Pictures.LargestDifference(decoded, Pictures.Solid(1, 1, 200, 30, 30)).ShouldBeLessThan(12);
    }

    [Fact]
    public void Decode_OpaqueImageToFourChannels_AddsFullAlpha()
    {
        var decoded = ImageCodec.Decode(ImageCodec.EncodePng(Pictures.Solid(3, 2, 1, 2, 3)), ImageLimits.Default, 4);

        decoded.Pixels.ShouldBe(Pictures.Solid(3, 2, 1, 2, 3, 255).Pixels);
    }

    [Fact]
    public void Decode_GreyAndSixteenBitPng_BecomeEightBitSrgb()
    {
        // A scanline is a filter byte (0: none) and the samples.
        var grey = Pictures.Png(1, 1, bitDepth: 8, colourType: 0, [0, 0x80]);
        var deep = Pictures.Png(1, 1, bitDepth: 16, colourType: 6, [0, 0xFF, 0xFF, 0x80, 0x80, 0, 0, 0xFF, 0xFF]);

        ImageCodec.Decode(grey, ImageLimits.Default).Pixels.ShouldBe([0x80, 0x80, 0x80]);
        ImageCodec.Decode(deep, ImageLimits.Default, 4).Pixels.ShouldBe([0xFF, 0x80, 0, 0xFF]);
    }

    // EXIF orientations, TIFF 6.0 tag 274: where row 0 and column 0 of the stored image belong when shown.
    [Theory]
    [InlineData(1, 16, 8, 0, 0)]
    [InlineData(2, 16, 8, 1, 0)]
    [InlineData(3, 16, 8, 1, 1)]
    [InlineData(4, 16, 8, 0, 1)]
    [InlineData(5, 8, 16, 0, 0)]
    [InlineData(6, 8, 16, 1, 0)]
    [InlineData(7, 8, 16, 1, 1)]
    [InlineData(8, 8, 16, 0, 1)]
    public void Decode_JpegWithOrientation_IsTurnedUpright(byte orientation, int width, int height, int right, int bottom)
    {
        // Black but for one white 8 x 4 corner at the stored top left.
        var raster = Pictures.Solid(16, 8, 0, 0, 0);
        for (var y = 0; y < 4; y++)
            raster.Pixels.AsSpan(y * 16 * 3, 8 * 3).Fill(255);
        var jpeg = Pictures.WithOrientation(ImageCodec.EncodeJpeg(raster, 100), orientation);

        var decoded = ImageCodec.Decode(jpeg, ImageLimits.Default);

        (decoded.Width, decoded.Height).ShouldBe((width, height));
        for (var side = 0; side < 4; side++)
        {
            var x = side % 2 * (width - 1);
            var y = side / 2 * (height - 1);
            var bright = decoded.Pixels[((y * width) + x) * 3] > 128;
            bright.ShouldBe(side % 2 == right && side / 2 == bottom, $"corner {x},{y}");
        }
    }

    [Fact]
    public void Encode_ImageFromExifJpeg_CarriesNoMetadata()
    {
        var jpeg = Pictures.WithOrientation(ImageCodec.EncodeJpeg(Pictures.Gradient(16, 8)), 6);

        var again = ImageCodec.EncodeJpeg(ImageCodec.Decode(jpeg, ImageLimits.Default));

        Encoding.Latin1.GetString(jpeg).ShouldContain("Exif");
        Encoding.Latin1.GetString(again).ShouldNotContain("Exif");
    }

    [Fact]
    public async Task Decode_FromManyThreads_GivesTheSamePixels()
    {
        var raster = Pictures.Gradient(96, 96);
        var png = ImageCodec.EncodePng(raster);

        var decoded = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Run(() => ImageCodec.Decode(png, ImageLimits.Default))));

        decoded.ShouldAllBe(image => image.Pixels.SequenceEqual(raster.Pixels));
    }
}
