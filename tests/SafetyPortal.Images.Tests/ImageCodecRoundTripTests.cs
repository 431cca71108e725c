using System.Text;

namespace SafetyPortal.Images.Tests;

public class ImageCodecRoundTripTests
{
    [Theory]
    [InlineData(1, 1, 3)]
    [InlineData(37, 21, 3)]
    [InlineData(37, 21, 4)]
    public void EncodePng_Decoded_IsIdentical(int width, int height, int channels)
    {
        var raster = Pictures.Gradient(width, height, channels);

        var decoded = ImageCodec.Decode(ImageCodec.EncodePng(raster), ImageLimits.Default, channels);

        Pictures.LargestDifference(raster, decoded).ShouldBe(0);
    }

    [Fact]
    public void EncodePng_SameRasterTwice_GivesSameBytes()
    {
        var raster = Pictures.Gradient(64, 48);

        ImageCodec.EncodePng(raster).ShouldBe(ImageCodec.EncodePng(raster));
    }

    [Fact]
    public void EncodeWebp_Lossless_IsIdentical()
    {
        var raster = Pictures.Gradient(40, 30);

        var decoded = ImageCodec.Decode(ImageCodec.EncodeWebp(raster, lossless: true), ImageLimits.Default);

        Pictures.LargestDifference(raster, decoded).ShouldBe(0);
    }

    [Fact]
    public void EncodeJpegAndWebp_SmoothImage_StayWithinTwelveLevels()
    {
        var raster = Pictures.Gradient(64, 64);

        Pictures.LargestDifference(raster, ImageCodec.Decode(ImageCodec.EncodeJpeg(raster, 95), ImageLimits.Default)).ShouldBeLessThan(12);
        Pictures.LargestDifference(raster, ImageCodec.Decode(ImageCodec.EncodeWebp(raster, 95), ImageLimits.Default)).ShouldBeLessThan(12);
    }

    [Fact]
    public void Decode_TransparentPixelsToThreeChannels_BecomeWhite()
    {
        var clear = Pictures.Solid(4, 4, 200, 10, 10, 0);

        ImageCodec.Decode(ImageCodec.EncodePng(clear), ImageLimits.Default).Pixels.ShouldAllBe(sample => sample == 255);
        ImageCodec.Decode(ImageCodec.EncodeJpeg(clear), ImageLimits.Default).Pixels.ShouldAllBe(sample => sample == 255);
    }

    [Fact]
    public void Decode_HalfTransparentRed_IsMixedWithWhite()
    {
        var half = Pictures.Solid(2, 2, 255, 0, 0, 128);

        var decoded = ImageCodec.Decode(ImageCodec.EncodePng(half), ImageLimits.Default);

        // 0 * 128/255 + 255 * 127/255 = 127 for green and blue.
        decoded.Pixels[0].ShouldBe((byte)255);
        ((int)decoded.Pixels[1]).ShouldBeInRange(126, 128);
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
