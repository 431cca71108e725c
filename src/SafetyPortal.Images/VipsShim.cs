using System.Runtime.InteropServices;

namespace SafetyPortal.Images;

/// <summary>The native shim's functions. Each returns null or an error text; see native/vips_shim.c.</summary>
internal static unsafe partial class VipsShim
{
    private const string Library = "safetyportal_images";

    // A static constructor runs once, before the first call, whatever thread makes it.
    static VipsShim()
    {
        if (TakeError(sp_images_initialize()) is { } error)
            throw new InvalidOperationException($"libvips did not start: {error}");
    }

    /// <summary>Copies and frees a native text.</summary>
    internal static string? TakeError(nint text)
    {
        if (text == 0)
            return null;
        var message = Marshal.PtrToStringUTF8(text);
        sp_images_free(text);
        return message;
    }

    /// <summary>Copies and frees a native buffer.</summary>
    internal static byte[] TakeBytes(nint buffer, long length)
    {
        try
        {
            return new ReadOnlySpan<byte>((void*)buffer, checked((int)length)).ToArray();
        }
        finally
        {
            sp_images_free(buffer);
        }
    }

    [LibraryImport(Library)]
    internal static partial nint sp_images_header(byte* bytes, nuint length, EncodedFormat format, out int width, out int height);

    [LibraryImport(Library)]
    internal static partial nint sp_images_decode(
        byte* bytes, nuint length, EncodedFormat format, int channels, out nint pixels, out int width, out int height);

    [LibraryImport(Library)]
    internal static partial nint sp_images_encode(
        byte* pixels, int width, int height, int channels, EncodedFormat format, int quality, int lossless,
        out nint bytes, out nuint length);

    [LibraryImport(Library)]
    internal static partial nint sp_images_resize(
        byte* pixels, int width, int height, int channels, int newWidth, int newHeight, ResizeKernel kernel, out nint resized);

    [LibraryImport(Library)]
    internal static partial nint sp_images_blur(byte* pixels, int width, int height, int channels, double sigma, out nint blurred);

    [LibraryImport(Library)]
    private static partial nint sp_images_initialize();

    [LibraryImport(Library)]
    private static partial void sp_images_free(nint memory);
}
