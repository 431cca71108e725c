using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using SafetyPortal.Images;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Web.Pictures;

namespace SafetyPortal.Web.Tests.Pictures;

public sealed class ReferencePictureTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("pictures-").FullName;

    [Fact]
    public async Task Store_LargePhotograph_IsMadeSmallerAndWrittenAnew()
    {
        var store = new FolderArtifactStore(folder);
        var upload = ImageCodec.EncodeJpeg(new Raster(2048, 512, 3, new byte[2048 * 512 * 3]));

        var digest = await new ReferencePicture(store).StoreAsync(upload, default);

        var stored = ImageCodec.Decode(await store.ReadAsync(digest, default), ImageLimits.Default);
        (stored.Width, stored.Height).ShouldBe((1024, 256));
    }

    [Fact]
    public async Task Store_PictureOfExtremeShape_IsMadeSmaller()
    {
        var store = new FolderArtifactStore(folder);
        var upload = ImageCodec.EncodePng(new Raster(400_000, 20, 3, new byte[400_000 * 20 * 3]));

        var digest = await new ReferencePicture(store).StoreAsync(upload, default);

        var stored = ImageCodec.Decode(await store.ReadAsync(digest, default), ImageLimits.Default);
        (stored.Width, stored.Height).ShouldBe((1024, 1));
    }

    [Fact]
    public async Task Store_BombOf30000Squared_IsRefusedByItsHeader()
    {
        var error = await Should.ThrowAsync<ImageFormatException>(() => StoreAsync(HugePng(30_000)));
        error.Message.ShouldContain("30,000 x 30,000");
    }

    [Fact]
    public async Task Store_TruncatedJpeg_IsRefusedAsDamaged()
    {
        var whole = ImageCodec.EncodeJpeg(new Raster(256, 256, 3, [.. Enumerable.Range(0, 256 * 256 * 3).Select(i => (byte)(i * 7))]));
        var error = await Should.ThrowAsync<ImageFormatException>(() => StoreAsync(whole[..(whole.Length / 2)]));
        error.Message.ShouldContain("damaged or truncated");
    }

    [Fact]
    public async Task Store_NoImage_SaysWhatIsExpected()
    {
        var error = await Should.ThrowAsync<ImageFormatException>(() => StoreAsync("<svg onload=alert(1)>"u8.ToArray()));
        error.Message.ShouldContain("Expected a PNG, JPEG or WebP image");
    }

    private Task<string> StoreAsync(byte[] upload) => new ReferencePicture(new FolderArtifactStore(folder)).StoreAsync(upload, default);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>A valid PNG of one bit per pixel, all black: a few hundred kilobytes that would decode to gigabytes.</summary>
    internal static byte[] HugePng(int side)
    {
        using var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, side);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), side);
        header[8] = 1;
        Chunk(file, "IHDR", header);
        using var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true))
        {
            var row = new byte[1 + ((side + 7) / 8)];
            for (var y = 0; y < side; y++)
                zlib.Write(row);
        }
        Chunk(file, "IDAT", data.ToArray());
        Chunk(file, "IEND", []);
        return file.ToArray();
    }

    private static void Chunk(Stream file, string type, byte[] data)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes(type), .. data];
        var number = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc(body));
        file.Write(number);
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = 0xFFFFFFFFu;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) == 1 ? (crc >> 1) ^ 0xEDB88320u : crc >> 1;
        }
        return ~crc;
    }
}
