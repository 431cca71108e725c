namespace SafetyPortal.Images.Tests;

public class ImageCodecRefusalTests
{
    private static readonly byte[] Png = ImageCodec.EncodePng(Pictures.Gradient(64, 64));
    private static readonly byte[] Jpeg = ImageCodec.EncodeJpeg(Pictures.Gradient(64, 64));
    private static readonly byte[] Webp = ImageCodec.EncodeWebp(Pictures.Gradient(64, 64));

    public static TheoryData<string> Garbage => [.. Samples.Keys];

    private static Dictionary<string, byte[]> Samples { get; } = new(StringComparer.Ordinal)
    {
        ["empty"] = [],
        ["one byte"] = [0x89],
        ["zeros"] = new byte[4096],
        ["text"] = "this is not an image"u8.ToArray(),
        ["noise"] = Noise(4096),
        ["svg"] = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"u8.ToArray(),
        ["gif"] = "GIF89a\x01\0\x01\0\0\0\0;"u8.ToArray(),
        ["pdf"] = "%PDF-1.4\n1 0 obj\n"u8.ToArray(),
        ["tiff"] = [.. "II*\0"u8, 8, 0, 0, 0, 0, 0],
        ["imagemagick script"] = "push graphic-context\nimage over 0,0 1,1 'label:@/etc/passwd'"u8.ToArray(),
        ["png signature only"] = Png[..8],
        ["png half"] = Png[..(Png.Length / 2)],
        ["png without end of data"] = Png[..(Png.Length - 30)],
        ["png damaged data"] = Damaged(Png, Png.Length / 2),
        ["png damaged header"] = Damaged(Png, 18),
        ["png of zero width"] = Pictures.PngHeader(0, 10),
        ["png with noise behind its signature"] = [.. Png[..8], .. Noise(500)],
        ["jpeg start marker only"] = Jpeg[..3],
        ["jpeg half"] = Jpeg[..(Jpeg.Length / 2)],
        ["jpeg without its last tenth"] = Jpeg[..(Jpeg.Length * 9 / 10)],
        ["jpeg with noise behind its marker"] = [.. Jpeg[..4], .. Noise(500)],
        ["webp container only"] = Webp[..16],
        ["webp half"] = Webp[..(Webp.Length / 2)],
        ["webp of a sound file"] = [.. "RIFF\x24\0\0\0WAVEfmt "u8, .. new byte[24]],
    };

    [Theory]
    [MemberData(nameof(Garbage))]
    public void Decode_Garbage_IsRefusedWithAReason(string name)
    {
        var error = Should.Throw<ImageFormatException>(() => ImageCodec.Decode(Samples[name], ImageLimits.Default));

        error.Message.ShouldMatch("Expected a PNG, JPEG or WebP|damaged or truncated");
    }

    [Fact]
    public void Decode_EveryPrefixOfEachFormat_NeverCrashes()
    {
        foreach (var whole in new[] { Png, Jpeg, Webp })
        {
            for (var length = 0; length < whole.Length - 64; length += 7)
            {
                var part = whole[..length];
                Should.Throw<ImageFormatException>(() => ImageCodec.Decode(part, ImageLimits.Default), $"{length} of {whole.Length} bytes");
            }
        }
    }

    [Fact]
    public async Task Decode_DamagedImagesAtTheSameTime_EachIsNamedAlone()
    {
        var damaged = new[] { ("PNG", Samples["png half"]), ("JPEG", Samples["jpeg half"]), ("WebP", Samples["webp half"]) };

        var messages = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => Task.Run(() =>
            (damaged[i % 3].Item1, Should.Throw<ImageFormatException>(() => ImageCodec.Decode(damaged[i % 3].Item2, ImageLimits.Default)).Message))));

        messages.ShouldAllBe(pair => pair.Message == $"The {pair.Item1} image is damaged or truncated.");
    }

    [Fact]
    public void Decode_ThirtyThousandSquaredPng_IsRefusedFromItsHeader()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();

        var error = Should.Throw<ImageFormatException>(() => ImageCodec.Decode(Pictures.PngHeader(30_000, 30_000), ImageLimits.Default));

        error.Message.ShouldBe("The image is 30,000 x 30,000 = 900,000,000 pixels; at most 16,777,216 pixels are accepted.");
        // The pixels would be 2.7 GB. Other tests run at the same time, so the test looks at this thread, and at the peak of libvips for all.
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1_000_000);
        NetVips.Stats.MemHighwater.ShouldBeLessThan(1_000_000_000ul);
    }

    [Fact]
    public void Decode_PixelLimit_IsInclusive()
    {
        ImageCodec.Decode(Png, new ImageLimits(1_000_000, 64 * 64)).Width.ShouldBe(64);
        Should.Throw<ImageFormatException>(() => ImageCodec.Decode(Png, new ImageLimits(1_000_000, (64 * 64) - 1)))
            .Message.ShouldContain("64 x 64 = 4,096 pixels; at most 4,095");
    }

    [Fact]
    public void Decode_TooManyBytes_IsRefusedNamingBoth()
    {
        Should.Throw<ImageFormatException>(() => ImageCodec.Decode(Png, new ImageLimits(100, 1_000_000)))
            .Message.ShouldMatch("has [0-9,]+ bytes; at most 100 are accepted");
    }

    [Fact]
    public void Decode_NoTimeLeft_IsRefused()
    {
        var png = ImageCodec.EncodePng(Pictures.Noise(1024, 1024));

        Should.Throw<ImageFormatException>(() => ImageCodec.Decode(png, ImageLimits.Default with { MaxTime = TimeSpan.Zero }))
            .Message.ShouldBe("The PNG image takes longer than 0 seconds to decode.");
    }

    [Fact]
    public void Decode_Cancelled_Stops()
    {
        var png = ImageCodec.EncodePng(Pictures.Noise(1024, 1024));

        Should.Throw<OperationCanceledException>(() => ImageCodec.Decode(png, ImageLimits.Default, cancellation: new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Decode_OneChannel_IsRefused() =>
        Should.Throw<ArgumentOutOfRangeException>(() => ImageCodec.Decode(Png, ImageLimits.Default, 1));

    [Fact]
    public void Encode_PixelsThatDoNotFitTheSize_AreRefused()
    {
        Should.Throw<ArgumentException>(() => ImageCodec.EncodePng(new Raster(4, 4, 3, new byte[47])))
            .Message.ShouldContain("4 x 4 x 3 has 48 bytes of pixels, got 47");
        Should.Throw<ArgumentException>(() => ImageCodec.EncodeJpeg(new Raster(0, 4, 3, [])));
        Should.Throw<ArgumentException>(() => ImageCodec.EncodeWebp(new Raster(16_384, 1, 3, new byte[16_384 * 3]))).Message.ShouldContain("at most 16383");
        Should.Throw<ArgumentException>(() => Veiling.Draw(new Raster(1, 1, 4, new byte[4])))
            .Message.ShouldContain("Expected a raster of 3 channels, got 4");
    }

    private static byte[] Noise(int length)
    {
        var bytes = new byte[length];
        new Random(7).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Damaged(byte[] bytes, int at)
    {
        var copy = bytes.ToArray();
        for (var i = 0; i < 4; i++)
            copy[at + i] ^= 0xFF;
        return copy;
    }
}
