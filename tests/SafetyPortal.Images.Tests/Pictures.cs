using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace SafetyPortal.Images.Tests;

/// <summary>Rasters and hand-made encodings that the tests share.</summary>
internal static class Pictures
{
    /// <summary>A smooth gradient, so that lossy codecs stay close to it.</summary>
    public static Raster Gradient(int width, int height)
    {
        var pixels = new byte[width * height * 3];
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var at = ((y * width) + x) * 3;
                pixels[at] = (byte)(255 * x / Math.Max(1, width - 1));
                pixels[at + 1] = (byte)(255 * y / Math.Max(1, height - 1));
                pixels[at + 2] = 128;
            }
        }

        return new Raster(width, height, 3, pixels);
    }

    public static Raster Noise(int width, int height)
    {
        var pixels = new byte[width * height * 3];
        new Random(7).NextBytes(pixels);
        return new Raster(width, height, 3, pixels);
    }

    public static Raster Solid(int width, int height, params byte[] colour) =>
        new(width, height, colour.Length, Enumerable.Range(0, width * height).SelectMany(_ => colour).ToArray());

    public static int LargestDifference(Raster left, Raster right)
    {
        (left.Width, left.Height, left.Channels).ShouldBe((right.Width, right.Height, right.Channels));
        return left.Pixels.Zip(right.Pixels, (a, b) => Math.Abs(a - b)).Max();
    }

    /// <summary>A PNG whose header promises a size its few bytes of data do not hold.</summary>
    public static byte[] PngHeader(int width, int height) => Png(width, height, bitDepth: 8, colourType: 2, [0]);

    /// <summary>A PNG of any bit depth and colour type with the given filtered scanlines, and chunks between header and data.</summary>
    public static byte[] Png(int width, int height, byte bitDepth, byte colourType, byte[] scanlines, byte[]? chunks = null)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = bitDepth;
        header[9] = colourType;
        return [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10, .. Chunk("IHDR", header), .. chunks ?? [], .. Chunk("IDAT", Zipped(scanlines)), .. Chunk("IEND", [])];
    }

    public static byte[] Chunk(string type, byte[] body)
    {
        var chunk = new byte[body.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, body.Length);
        Encoding.ASCII.GetBytes(type).CopyTo(chunk, 4);
        body.CopyTo(chunk, 8);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(body.Length + 8), Crc(chunk.AsSpan(4, body.Length + 4)));
        return chunk;
    }

    /// <summary>A chunk whose checksum is wrong.</summary>
    public static byte[] DamagedChunk(string type, byte[] body)
    {
        var chunk = Chunk(type, body);
        chunk[^1] ^= 0xFF;
        return chunk;
    }

    public static byte[] Zipped(byte[] bytes)
    {
        using var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.Optimal, leaveOpen: true))
            zlib.Write(bytes);
        return data.ToArray();
    }

    public static byte[] Repeated(byte[] bytes, int times)
    {
        var all = new byte[bytes.Length * times];
        for (var i = 0; i < times; i++)
            bytes.CopyTo(all, i * bytes.Length);
        return all;
    }

    /// <summary>
    /// A grey progressive JPEG without an error. Its first scan holds the mean of each block; each of the others refines one coefficient
    /// by one bit, from the highest down. All are zero, so a code of two bytes stands for up to 16,384 blocks.
    /// </summary>
    public static byte[] ProgressiveJpeg(int side, int scans)
    {
        var (high, low, blocks) = ((byte)(side >> 8), (byte)side, (side + 7) / 8 * ((side + 7) / 8));
        using var jpeg = new MemoryStream();
        jpeg.Write([0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0, .. Enumerable.Repeat((byte)1, 64)]);
        jpeg.Write([0xFF, 0xC2, 0, 11, 8, high, low, high, low, 1, 1, 0x11, 0]);
        // Code tables of one code of one bit: for means "no difference", for coefficients "nothing in 2^14 blocks and more".
        jpeg.Write([0xFF, 0xC4, 0, 20, 0x00, 1, .. new byte[15], 0x00]);
        jpeg.Write([0xFF, 0xC4, 0, 20, 0x10, 1, .. new byte[15], 0xE0]);
        jpeg.Write([0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0, .. new byte[(blocks + 7) / 8]]);
        for (var scan = 0; scan < scans - 1; scan++)
        {
            var (coefficient, bit) = ((byte)(1 + (scan % 63)), 13 - (scan / 63));
            var bits = (byte)(((bit == 13 ? 0 : bit + 1) << 4) | bit);
            jpeg.Write([0xFF, 0xDA, 0, 8, 1, 1, 0, coefficient, coefficient, bits, .. new byte[((blocks + 16383) / 16384 * 15 + 7) / 8]]);
        }

        jpeg.Write([0xFF, 0xD9]);
        return jpeg.ToArray();
    }

    /// <summary>An animated WebP of one pixel.</summary>
    public static byte[] AnimatedWebp(int frames)
    {
        var still = ImageCodec.EncodeWebp(Solid(1, 1, 200, 30, 30));
        var frame = WebpChunk("ANMF", [.. new byte[16], .. still.AsSpan(12)]);
        byte[] body = [.. "WEBP"u8, .. WebpChunk("VP8X", [2, .. new byte[9]]), .. WebpChunk("ANIM", new byte[6]), .. Repeated(frame, frames)];
        return WebpChunk("RIFF", body);
    }

    /// <summary>Puts an EXIF block with one tag, Orientation, behind a JPEG's start marker.</summary>
    public static byte[] WithOrientation(byte[] jpeg, byte orientation)
    {
        byte[] exif =
        [
            .. "Exif\0\0"u8, .. "MM\0*"u8, 0, 0, 0, 8, // big-endian TIFF, first directory at 8
            0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0,
        ];
        var length = exif.Length + 2;
        return [0xFF, 0xD8, 0xFF, 0xE1, (byte)(length >> 8), (byte)length, .. exif, .. jpeg.AsSpan(2)];
    }

    private static byte[] WebpChunk(string type, byte[] body)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, body.Length);
        return [.. Encoding.ASCII.GetBytes(type), .. length, .. body, .. new byte[body.Length % 2]];
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = 0xFFFFFFFFu;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320u : crc >> 1;
        }

        return ~crc;
    }
}
