using SafetyPortal.Images;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Web.Pictures;

namespace SafetyPortal.Web.Tests.Pictures;

public sealed class ReferencePictureTests : IDisposable
{
    /// <summary>A PNG whose header says 30,000 x 30,000 pixels of one bit, made with Python's zlib.</summary>
    internal static readonly byte[] HugePng = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAdTAAAHUwAQAAAABOXMUXAAAADElEQVR42mNgoAwA"
        + "AABAAAGJya9DAAAAAElFTkSuQmCC");

    private readonly string folder = Directory.CreateTempSubdirectory("pictures-").FullName;
    private readonly FolderArtifactStore store;

    public ReferencePictureTests() => store = new(folder);

    [Theory]
    [InlineData(2048, 512, 1024, 256)]
    [InlineData(400_000, 20, 1024, 1)]
    public async Task Store_LargePicture_IsMadeSmallerAndEncodedAnew(int width, int height, int storedWidth, int storedHeight)
    {
        var digest = await StoreAsync(ImageCodec.EncodePng(new Raster(width, height, 3, new byte[width * height * 3])));

        var stored = ImageCodec.Decode(await store.ReadAsync(digest, default), ImageLimits.Default);
        (stored.Width, stored.Height).ShouldBe((storedWidth, storedHeight));
    }

    [Fact]
    public async Task Store_BadFile_SaysWhatIsWrong()
    {
        var jpeg = ImageCodec.EncodeJpeg(new Raster(256, 256, 3, [.. Enumerable.Range(0, 256 * 256 * 3).Select(i => (byte)(i * 7))]));
        foreach (var (upload, why) in new[]
        {
            (HugePng, "30,000 x 30,000"), (jpeg[..(jpeg.Length / 2)], "damaged or truncated"),
            ("<svg onload=alert(1)>"u8.ToArray(), "Expected a PNG, JPEG or WebP image"),
        })
        {
            (await Should.ThrowAsync<ImageFormatException>(() => StoreAsync(upload))).Message.ShouldContain(why);
        }
    }

    private Task<string> StoreAsync(byte[] upload) => new ReferencePicture(store).StoreAsync(upload, default);

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
