using System.Globalization;

namespace SafetyPortal.Images;

/// <summary>Reads and writes PNG, JPEG and WebP, and filters rasters. Safe to call from several threads.</summary>
public static unsafe class ImageCodec
{
    /// <summary>Longest side a resize may produce.</summary>
    public const int MaxSide = 32_768;

    /// <summary>
    /// Decodes to 8-bit sRGB, upright (EXIF orientation applied). Only the first frame of an animation is read; metadata is dropped.
    /// </summary>
    /// <param name="bytes">The whole encoded image; the format is recognised by its first bytes.</param>
    /// <param name="limits">Checked against the byte count and the header before pixels are allocated.</param>
    /// <param name="channels">3: transparency is laid on white. 4: alpha is kept, or added opaque.</param>
    /// <exception cref="ImageFormatException">Not PNG, JPEG or WebP, over a limit, truncated or damaged.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="channels"/> is not 3 or 4.</exception>
    public static Raster Decode(ReadOnlySpan<byte> bytes, ImageLimits limits, int channels = 3)
    {
        ArgumentNullException.ThrowIfNull(limits);
        if (channels is not (3 or 4))
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "Expected 3 or 4 channels.");
        var format = Inspect(bytes, limits).Format;
        fixed (byte* data = bytes)
        {
            var error = VipsShim.TakeError(VipsShim.sp_images_decode(
                data, (nuint)bytes.Length, format, channels, out var pixels, out var width, out var height));
            if (error is not null)
                throw Damaged(format);
            return new Raster(width, height, channels, VipsShim.TakeBytes(pixels, (long)width * height * channels));
        }
    }

    /// <summary>Reads format and stored size (before EXIF rotation) and applies the limits, without decoding pixels.</summary>
    /// <exception cref="ImageFormatException">Not PNG, JPEG or WebP, over a limit, or the header is damaged.</exception>
    public static (EncodedFormat Format, int Width, int Height) Inspect(ReadOnlySpan<byte> bytes, ImageLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        if (bytes.Length > limits.MaxBytes)
            throw new ImageFormatException($"The image file has {Number(bytes.Length)} bytes; at most {Number(limits.MaxBytes)} are accepted.");
        if (EncodedFormatDetection.Detect(bytes) is not { } format)
            throw new ImageFormatException($"Expected a PNG, JPEG or WebP image; the data starts with {FirstBytes(bytes)}.");
        fixed (byte* data = bytes)
        {
            var error = VipsShim.TakeError(VipsShim.sp_images_header(data, (nuint)bytes.Length, format, out var width, out var height));
            if (error is not null)
                throw Damaged(format);
            if ((long)width * height > limits.MaxPixels)
            {
                throw new ImageFormatException(
                    $"The image is {Number(width)} x {Number(height)} = {Number((long)width * height)} pixels; at most {Number(limits.MaxPixels)} pixels are accepted.");
            }

            return (format, width, height);
        }
    }

    /// <summary>Encodes losslessly; the same raster always gives the same bytes.</summary>
    /// <param name="raster">3 or 4 channels.</param>
    /// <param name="compression">zlib level, 0 (none) to 9 (smallest).</param>
    public static byte[] EncodePng(Raster raster, int compression = 6)
    {
        if (compression is < 0 or > 9)
            throw new ArgumentOutOfRangeException(nameof(compression), compression, "Expected a level from 0 to 9.");
        return Encode(raster, EncodedFormat.Png, compression, lossless: true);
    }

    /// <summary>Encodes as JPEG; transparency is laid on white.</summary>
    /// <param name="raster">3 or 4 channels.</param>
    /// <param name="quality">1 (smallest) to 100.</param>
    public static byte[] EncodeJpeg(Raster raster, int quality = 90) =>
        Encode(raster, EncodedFormat.Jpeg, Quality(quality), lossless: false);

    /// <summary>Encodes as WebP, with alpha if the raster has it.</summary>
    /// <param name="raster">3 or 4 channels.</param>
    /// <param name="quality">1 (smallest) to 100; effort rather than quality when lossless.</param>
    /// <param name="lossless">Keep every sample.</param>
    public static byte[] EncodeWebp(Raster raster, int quality = 85, bool lossless = false) =>
        Encode(raster, EncodedFormat.Webp, Quality(quality), lossless);

    /// <summary>Scales to exactly <paramref name="width"/> x <paramref name="height"/>, each axis by its own factor.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A side is below 1 or above <see cref="MaxSide"/>.</exception>
    public static Raster Resize(Raster raster, int width, int height, ResizeKernel kernel = ResizeKernel.Lanczos3)
    {
        Raster.Validate(raster);
        CheckSide(width, nameof(width));
        CheckSide(height, nameof(height));
        if (!Enum.IsDefined(kernel))
            throw new ArgumentOutOfRangeException(nameof(kernel), kernel, "Expected a known kernel.");
        if (width == raster.Width && height == raster.Height)
            return raster;
        fixed (byte* data = raster.Pixels)
        {
            var error = VipsShim.TakeError(VipsShim.sp_images_resize(
                data, raster.Width, raster.Height, raster.Channels, width, height, kernel, out var resized));
            return Filtered(raster with { Width = width, Height = height }, resized, error, "resize");
        }
    }

    /// <summary>Gaussian blur; edges are continued by their last pixel.</summary>
    /// <param name="raster">3 or 4 channels.</param>
    /// <param name="sigma">Standard deviation in pixels, above 0 and at most 500.</param>
    public static Raster GaussianBlur(Raster raster, double sigma)
    {
        Raster.Validate(raster);
        if (!(sigma > 0 && sigma <= 500))
            throw new ArgumentOutOfRangeException(nameof(sigma), sigma, "Expected a standard deviation above 0 and at most 500 pixels.");
        fixed (byte* data = raster.Pixels)
        {
            var error = VipsShim.TakeError(VipsShim.sp_images_blur(
                data, raster.Width, raster.Height, raster.Channels, sigma, out var blurred));
            return Filtered(raster, blurred, error, "blur");
        }
    }

    private static byte[] Encode(Raster raster, EncodedFormat format, int quality, bool lossless)
    {
        Raster.Validate(raster);
        fixed (byte* data = raster.Pixels)
        {
            var error = VipsShim.TakeError(VipsShim.sp_images_encode(
                data, raster.Width, raster.Height, raster.Channels, format, quality, lossless ? 1 : 0, out var bytes, out var length));
            if (error is not null)
                throw new InvalidOperationException($"libvips could not write a {Name(format)} of {raster.Width} x {raster.Height}: {error}");
            return VipsShim.TakeBytes(bytes, (long)length);
        }
    }

    private static Raster Filtered(Raster shape, nint pixels, string? error, string operation)
    {
        if (error is not null)
            throw new InvalidOperationException($"libvips could not {operation} an image of {shape.Width} x {shape.Height}: {error}");
        return shape with { Pixels = VipsShim.TakeBytes(pixels, (long)shape.Width * shape.Height * shape.Channels) };
    }

    // Without libvips' text, which can hold lines about somebody else's upload.
    private static ImageFormatException Damaged(EncodedFormat format) => new($"The {Name(format)} image is damaged or truncated.");

    private static string Name(EncodedFormat format) => format switch
    {
        EncodedFormat.Png => "PNG",
        EncodedFormat.Jpeg => "JPEG",
        _ => "WebP",
    };

    private static string FirstBytes(ReadOnlySpan<byte> bytes) =>
        bytes.IsEmpty ? "nothing" : Convert.ToHexString(bytes[..Math.Min(8, bytes.Length)]);

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static int Quality(int quality) => quality is >= 1 and <= 100
        ? quality
        : throw new ArgumentOutOfRangeException(nameof(quality), quality, "Expected a quality from 1 to 100.");

    private static void CheckSide(int side, string name)
    {
        if (side is < 1 or > MaxSide)
            throw new ArgumentOutOfRangeException(name, side, $"Expected a side from 1 to {MaxSide} pixels.");
    }
}
