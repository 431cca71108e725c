using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace SafetyPortal.Images.Tests;

/// <summary>Rasters and hand-made encodings that the tests share.</summary>
internal static class Pictures
{
    /// <summary>A smooth gradient, so that lossy codecs stay close to it.</summary>
    public static Raster Gradient(int width, int height, int channels = 3)
    {
        var pixels = new byte[width * height * channels];
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var at = ((y * width) + x) * channels;
                pixels[at] = (byte)(255 * x / Math.Max(1, width - 1));
                pixels[at + 1] = (byte)(255 * y / Math.Max(1, height - 1));
                pixels[at + 2] = 128;
                if (channels == 4)
                    pixels[at + 3] = (byte)(x < width / 2 ? 255 : 0);
            }
        }

        return new Raster(width, height, channels, pixels);
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

    /// <summary>A PNG of any bit depth and colour type with the given filtered scanlines.</summary>
    public static byte[] Png(int width, int height, byte bitDepth, byte colourType, byte[] scanlines)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = bitDepth;
        header[9] = colourType;
        using var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.Optimal, leaveOpen: true))
            zlib.Write(scanlines);
        return [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10, .. Chunk("IHDR", header), .. Chunk("IDAT", data.ToArray()), .. Chunk("IEND", [])];
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

    private static byte[] Chunk(string type, byte[] body)
    {
        var chunk = new byte[body.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, body.Length);
        Encoding.ASCII.GetBytes(type).CopyTo(chunk, 4);
        body.CopyTo(chunk, 8);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(body.Length + 8), Crc(chunk.AsSpan(4, body.Length + 4)));
        return chunk;
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
