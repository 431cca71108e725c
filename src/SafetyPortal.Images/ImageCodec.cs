using System.Globalization;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;

namespace SafetyPortal.Images;

/// <summary>Reads PNG, JPEG and WebP with libvips; draws and writes our own pictures with ImageSharp. Safe to call from several threads.</summary>
public static class ImageCodec
{
    private const int MaxWebpSide = (1 << 14) - 1;

    // One thread a picture: the cores belong to the model.
    private static readonly Configuration Drawing = new() { MaxDegreeOfParallelism = 1 };

    /// <summary>
    /// Decodes to 8-bit sRGB, upright (EXIF orientation applied). Only the first frame of an animation is read; metadata is dropped.
    /// </summary>
    /// <param name="bytes">The whole encoded image; the format is recognised by its first bytes.</param>
    /// <param name="limits">Checked against the byte count and the header before pixels are allocated.</param>
    /// <param name="channels">3: transparency is laid on white. 4: alpha is kept, or added opaque.</param>
    /// <exception cref="ImageFormatException">Not PNG, JPEG or WebP, over a limit, truncated or damaged.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="channels"/> is not 3 or 4.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public static Raster Decode(byte[] bytes, ImageLimits limits, int channels = 3, CancellationToken cancellation = default)
    {
        if (channels is not (3 or 4))
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "Expected 3 or 4 channels.");
        if (bytes.Length > limits.MaxBytes)
            throw new ImageFormatException($"The image file has {Number(bytes.Length)} bytes; at most {Number(limits.MaxBytes)} are accepted.");
        if (EncodedFormatDetection.Detect(bytes) is not { } format)
            throw new ImageFormatException($"Expected a PNG, JPEG or WebP image; the data starts with {FirstBytes(bytes)}.");
        return VipsDecoder.Decode(EncodedParts.Checked(bytes, format), format, limits, channels, cancellation);
    }

    /// <summary>Encodes losslessly; the same raster always gives the same bytes.</summary>
    /// <param name="raster">3 channels.</param>
    public static byte[] EncodePng(Raster raster) => Encode(raster, new PngEncoder { IgnoreMetadata = true });

    /// <summary>Encodes as JPEG.</summary>
    /// <param name="raster">3 channels.</param>
    /// <param name="quality">1 (smallest) to 100.</param>
    public static byte[] EncodeJpeg(Raster raster, int quality = 90) => Encode(raster, new JpegEncoder { Quality = Quality(quality) });

    /// <summary>Encodes as lossy WebP.</summary>
    /// <param name="raster">3 channels; no side above 16,383.</param>
    /// <param name="quality">1 (smallest) to 100.</param>
    public static byte[] EncodeWebp(Raster raster, int quality = 85)
    {
        // ImageSharp writes a file that no decoder reads if a side does not fit the format's 14 bits.
        if (Math.Max(raster.Width, raster.Height) > MaxWebpSide)
            throw new ArgumentException($"Expected sides of at most {MaxWebpSide} pixels for a WebP, got {raster.Width} x {raster.Height}.", nameof(raster));
        return Encode(raster, new WebpEncoder { FileFormat = WebpFileFormatType.Lossy, Quality = Quality(quality) });
    }

    /// <summary>
    /// Scales to exactly <paramref name="width"/> x <paramref name="height"/>, each axis by its own factor, with a Lanczos filter of three lobes.
    /// </summary>
    /// <param name="raster">3 channels.</param>
    /// <exception cref="ArgumentOutOfRangeException">A side is below 1.</exception>
    public static Raster Resize(Raster raster, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        return width == raster.Width && height == raster.Height
            ? raster
            : Draw(raster, steps => steps.Resize(width, height, KnownResamplers.Lanczos3));
    }

    /// <summary>A copy of the picture after the steps.</summary>
    internal static Raster Draw(Raster raster, Action<IImageProcessingContext> steps)
    {
        using var image = Wrap(raster);
        using var drawn = image.Clone(steps);
        var pixels = new byte[drawn.Width * drawn.Height * 3];
        drawn.CopyPixelDataTo(pixels);
        return new Raster(drawn.Width, drawn.Height, 3, pixels);
    }

    private static byte[] Encode(Raster raster, IImageEncoder encoder)
    {
        using var image = Wrap(raster);
        using var bytes = new MemoryStream();
        image.Save(bytes, encoder);
        return bytes.ToArray();
    }

    private static Image<Rgb24> Wrap(Raster raster)
    {
        Raster.Validate(raster);
        return Image.WrapMemory<Rgb24>(Drawing, raster.Pixels, raster.Width, raster.Height);
    }

    private static string FirstBytes(ReadOnlySpan<byte> bytes) =>
        bytes.IsEmpty ? "nothing" : Convert.ToHexString(bytes[..Math.Min(8, bytes.Length)]);

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static int Quality(int quality) => quality is >= 1 and <= 100
        ? quality
        : throw new ArgumentOutOfRangeException(nameof(quality), quality, "Expected a quality from 1 to 100.");
}
