using System.Buffers.Binary;

namespace SafetyPortal.Images;

/// <summary>
/// A walk over the parts of an encoded picture, before a decoder sees it. Decoders take seconds to minutes for files of few pixels that
/// consist of very many parts: damaged chunks of PNG, scans of JPEG, frames of WebP.
/// </summary>
internal static class EncodedParts
{
    /// <summary>Chunks of a PNG or WebP, segments of a JPEG. An encoder that writes each row of a large picture as a chunk stays below.</summary>
    public const int MaxParts = 10_000;

    /// <summary>Passes over the pixels of a JPEG. Encoders write 1 to about 20.</summary>
    public const int MaxScans = 100;

    /// <summary>Returns the file to decode: <paramref name="bytes"/>, but for a PNG without its texts.</summary>
    /// <exception cref="ImageFormatException">There are more parts or scans than the limits.</exception>
    public static byte[] Checked(byte[] bytes, EncodedFormat format)
    {
        switch (format)
        {
            case EncodedFormat.Png:
                return PngWithoutTexts(bytes);
            case EncodedFormat.Jpeg:
                CountSegments(bytes);
                return bytes;
            default:
                CountChunks(bytes);
                return bytes;
        }
    }

    // Texts are left out because 100 of them may grow to 50 MB each when libpng inflates them.
    private static byte[] PngWithoutTexts(byte[] png)
    {
        using var kept = new MemoryStream(png.Length);
        var (at, end) = (8, false);
        kept.Write(png, 0, at);
        for (var parts = 1; !end && at + 12 <= png.Length; parts++)
        {
            CheckParts(parts, EncodedFormat.Png);
            var length = BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(at)) + 12L;
            var type = png.AsSpan(at + 4, 4);
            if (length > png.Length - at)
                break;
            if (!(type.SequenceEqual("tEXt"u8) || type.SequenceEqual("zTXt"u8) || type.SequenceEqual("iTXt"u8)))
                kept.Write(png, at, (int)length);
            end = type.SequenceEqual("IEND"u8);
            at += (int)length;
        }

        if (!end)
            kept.Write(png, at, png.Length - at);
        return kept.ToArray();
    }

    private static void CountSegments(ReadOnlySpan<byte> jpeg)
    {
        var (parts, scans) = (0, 0);
        for (var at = 2; at + 4 <= jpeg.Length;)
        {
            // Below 0xC0 and from 0xD0 to 0xD7 nothing has a length: fill bytes, coded pixels, restart markers. libjpeg skips them alike.
            var marker = jpeg[at + 1];
            if (jpeg[at] != 0xFF || marker is < 0xC0 or (>= 0xD0 and <= 0xD7) or 0xFF)
            {
                at++;
                continue;
            }

            if (marker == 0xD9)
                return;
            CheckParts(++parts, EncodedFormat.Jpeg);
            if (marker == 0xDA && ++scans > MaxScans)
                throw new ImageFormatException($"The JPEG image has more than {MaxScans} scans; at most {MaxScans} are accepted.");
            at += 2 + BinaryPrimitives.ReadUInt16BigEndian(jpeg[(at + 2)..]);
        }
    }

    private static void CountChunks(ReadOnlySpan<byte> webp)
    {
        var parts = 0;
        for (var at = 12L; at + 8 <= webp.Length;)
        {
            CheckParts(++parts, EncodedFormat.WebP);
            var length = BinaryPrimitives.ReadUInt32LittleEndian(webp[(int)(at + 4)..]);
            at += 8L + length + (length & 1);
        }
    }

    private static void CheckParts(int parts, EncodedFormat format)
    {
        if (parts > MaxParts)
        {
            throw new ImageFormatException(
                FormattableString.Invariant($"The {format.Name()} image consists of more than {MaxParts:N0} parts; at most {MaxParts:N0} are accepted."));
        }
    }
}
