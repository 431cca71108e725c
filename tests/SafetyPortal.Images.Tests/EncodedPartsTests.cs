using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SafetyPortal.Images.Tests;

/// <summary>Files of few pixels whose very many parts cost a decoder minutes or gigabytes.</summary>
public partial class EncodedPartsTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    [Fact]
    public void Decode_PngOfAMillionDamagedChunks_IsRefusedAtOnce()
    {
        var png = WithChunks(Pictures.Repeated(Pictures.DamagedChunk("tIME", new byte[3]), 1_000_000));

        Refusal(png).ShouldBe("The PNG image consists of more than 10,000 parts; at most 10,000 are accepted.");
    }

    [Fact]
    public void Decode_PngWithDamagedChunks_WritesNothingToStandardError()
    {
        var png = WithChunks(Pictures.Repeated(Pictures.DamagedChunk("tIME", new byte[3]), 1000));

        StandardError(() => ImageCodec.Decode(png, ImageLimits.Default).Pixels.ShouldBe(new byte[3])).ShouldNotContain("VIPS");
    }

    [Fact]
    public void Decode_PngWithTextsOfFiftyMegabytes_LeavesThemOut()
    {
        // 100 such texts took 14 GB and 80 seconds.
        var text = Pictures.Chunk("zTXt", [.. "a\0\0"u8, .. Pictures.Zipped(new byte[49_000_000])]);
        var png = WithChunks(Pictures.Repeated(text, 100));
        var before = NetVips.Stats.MemHighwater;

        InTime(() => ImageCodec.Decode(png, ImageLimits.Default)).Pixels.ShouldBe(new byte[3]);

        (Process.GetCurrentProcess().PeakWorkingSet64 - (long)before).ShouldBeLessThan(1_500_000_000);
    }

    [Fact]
    public void Decode_ProgressiveJpegOfEightHundredScans_IsRefusedAtOnce() =>
        Refusal(Pictures.ProgressiveJpeg(4096, scans: 800)).ShouldBe("The JPEG image has more than 100 scans; at most 100 are accepted.");

    [Theory]
    [InlineData(new byte[] { 0xFF, 0x02, 0xFF, 0xFF })]
    [InlineData(new byte[] { 0xFF, 0xD0, 0xFF, 0xFF })]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF })]
    public void Decode_ScansBehindWhatLooksLikeALongSegment_AreCounted(byte[] cover)
    {
        var jpeg = Pictures.ProgressiveJpeg(64, scans: 120);
        var pixels = jpeg.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA]) + 10;

        Refusal([.. jpeg[..pixels], .. cover, .. jpeg[pixels..]]).ShouldContain("more than 100 scans");
    }

    [Fact]
    public void Decode_ProgressiveJpegOfAHundredScans_IsDecoded() =>
        InTime(() => ImageCodec.Decode(Pictures.ProgressiveJpeg(64, scans: 100), ImageLimits.Default)).Pixels.ShouldAllBe(sample => sample == 128);

    [Fact]
    public void Decode_JpegOfManyComments_IsRefused()
    {
        var jpeg = Pictures.ProgressiveJpeg(8, scans: 1);

        Refusal([.. jpeg[..2], .. Pictures.Repeated([0xFF, 0xFE, 0, 2], 20_000), .. jpeg[2..]]).ShouldContain("JPEG image consists of more than 10,000 parts");
    }

    [Fact]
    public void Decode_WebpOfAHundredThousandFrames_IsRefusedAtOnce() =>
        Refusal(Pictures.AnimatedWebp(100_000)).ShouldBe("The WebP image consists of more than 10,000 parts; at most 10,000 are accepted.");

    [Fact]
    public void Decode_BytesBehindTheEndOfAPicture_AreIgnored()
    {
        var raster = Pictures.Noise(9, 7);

        ImageCodec.Decode([.. ImageCodec.EncodePng(raster), .. new byte[200_000]], ImageLimits.Default).Pixels.ShouldBe(raster.Pixels);
        ImageCodec.Decode([.. Pictures.ProgressiveJpeg(8, 2), .. Pictures.Repeated([0xFF, 0xDA], 200)], ImageLimits.Default).Width.ShouldBe(8);
    }

    // One black pixel.
    private static byte[] WithChunks(byte[] chunks) => Pictures.Png(1, 1, bitDepth: 8, colourType: 2, new byte[4], chunks);

    private static string Refusal(byte[] bytes) =>
        InTime(() => Should.Throw<ImageFormatException>(() => ImageCodec.Decode(bytes, ImageLimits.Default)).Message);

    private static T InTime<T>(Func<T> work)
    {
        var watch = Stopwatch.StartNew();
        var result = work();
        watch.Elapsed.ShouldBeLessThan(Soon);
        return result;
    }

    // What native code writes to the process's standard error meanwhile.
    private static string StandardError(Action work)
    {
        var path = Path.GetTempFileName();
        var kept = dup(2);
        try
        {
            using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write))
                _ = dup2((int)file.DangerousGetHandle(), 2);
            work();
        }
        finally
        {
            _ = dup2(kept, 2);
            _ = close(kept);
        }

        var text = File.ReadAllText(path);
        File.Delete(path);
        return text;
    }

    [LibraryImport("libc")]
    private static partial int dup(int descriptor);

    [LibraryImport("libc")]
    private static partial int dup2(int from, int to);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);
}
