using NetVips;

namespace SafetyPortal.Images;

/// <summary>Decodes with libvips, whose pixels equal Pillow's; see docs/decisions/0002.</summary>
internal static class VipsDecoder
{
    // Runs once, before the first decoding.
    static VipsDecoder()
    {
        if (!ModuleInitializer.VipsInitialized)
            throw new InvalidOperationException("libvips did not start.", ModuleInitializer.Exception);
        // One picture is small, and the cores belong to the model.
        NetVips.NetVips.Concurrency = 1;
        // No result is needed twice. The cache would hold the last 100 uploads.
        Cache.Max = 0;
        // Only loaders that libvips itself trusts with hostile bytes stay enabled.
        NetVips.NetVips.BlockUntrusted = true;
        // libvips writes a line to stderr for every oddity of a file, so an upload could fill a disk with them.
        Log.SetLogHandler("VIPS", Enums.LogLevelFlags.Warning, (_, _, _) => { });
    }

    /// <summary>See <see cref="ImageCodec.Decode"/>.</summary>
    public static Raster Decode(byte[] bytes, EncodedFormat format, ImageLimits limits, int channels, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(limits.MaxTime);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            // Sequential: only the rows at work are in memory.
            using var image = Open(bytes, format);
            CheckSize(image.Width, image.Height, limits);
            image.SetProgress(new Progress<int>(), stop.Token);
            using var whole = IsTurned(image) ? image.CopyMemory() : image;
            using var upright = whole.Autorot();
            using var coloured = ToSrgb(upright);
            using var small = coloured.Format == Enums.BandFormat.Uchar ? coloured : coloured.Cast(Enums.BandFormat.Uchar);
            using var shaped = WithChannels(small, channels);
            return new Raster(shaped.Width, shaped.Height, channels, shaped.WriteToMemory<byte>());
        }
        catch (VipsException error)
        {
            cancellation.ThrowIfCancellationRequested();
            // The message leaves libvips' text out: it can hold lines about another person's upload.
            throw new ImageFormatException(
                deadline.IsCancellationRequested
                    ? FormattableString.Invariant($"The {format.Name()} image takes longer than {limits.MaxTime.TotalSeconds:0.#} seconds to decode.")
                    : $"The {format.Name()} image is damaged or truncated.",
                error);
        }
    }

    private static Image Open(byte[] bytes, EncodedFormat format) => format switch
    {
        EncodedFormat.Png => Image.PngloadBuffer(bytes, access: Enums.Access.Sequential, failOn: Enums.FailOn.Error),
        EncodedFormat.Jpeg => Image.JpegloadBuffer(bytes, access: Enums.Access.Sequential, failOn: Enums.FailOn.Error),
        _ => Image.WebploadBuffer(bytes, access: Enums.Access.Sequential, failOn: Enums.FailOn.Error),
    };

    private static void CheckSize(int width, int height, ImageLimits limits)
    {
        var pixels = (long)width * height;
        if (pixels > limits.MaxPixels)
        {
            throw new ImageFormatException(
                FormattableString.Invariant($"The image is {width:N0} x {height:N0} = {pixels:N0} pixels; at most {limits.MaxPixels:N0} pixels are accepted."));
        }
    }

    // Turning reads rows out of order, which sequential access forbids.
    private static bool IsTurned(Image image) => image.Contains("orientation") && (int)image.Get("orientation") != 1;

    private static Image ToSrgb(Image image)
    {
        if (image.Contains("icc-profile-data"))
        {
            try
            {
                return image.IccTransform("srgb", embedded: true, depth: 8);
            }
            catch (VipsException)
            {
                // A broken or foreign profile is no reason to refuse the pixels.
            }
        }

        return image.Interpretation == Enums.Interpretation.Srgb ? image : image.Colourspace(Enums.Interpretation.Srgb);
    }

    private static Image WithChannels(Image image, int channels) => (channels, image.HasAlpha()) switch
    {
        (3, true) => image.Flatten(background: [255, 255, 255]),
        (4, false) => image.Bandjoin(255),
        _ => image,
    };
}
