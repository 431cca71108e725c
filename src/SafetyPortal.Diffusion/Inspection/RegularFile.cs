using System.Text;

namespace SafetyPortal.Diffusion.Inspection;

/// <summary>Reads files of a model whole. Opening a pipe would wait for a writer forever, so only regular files that hold something are opened.</summary>
public static class RegularFile
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Whether a file can be opened without waiting: pipes, sockets and devices have no length, and an empty file holds no model.</summary>
    public static bool HasContent(string path) => Length(path) > 0;

    /// <summary>The bytes of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">Largest length that is accepted.</param>
    /// <exception cref="ModelFormatException">The file is missing, empty, larger, unreadable, or not a regular file.</exception>
    public static byte[] ReadAllBytes(string path, long most)
    {
        try
        {
            Require(path);
            var length = Length(path);
            return length <= most ? File.ReadAllBytes(path) : throw new ModelFormatException($"{path}: has {length} bytes; at most {most} are read");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFormatException($"{path}: cannot be opened: {e.Message}", e);
        }
    }

    /// <summary>The text of a UTF-8 file, without its byte order mark.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">Largest length in bytes that is accepted.</param>
    /// <exception cref="ModelFormatException">As for <see cref="ReadAllBytes"/>, or the bytes are not UTF-8.</exception>
    public static string ReadAllText(string path, long most)
    {
        try
        {
            var text = Utf8.GetString(ReadAllBytes(path, most));
            return text.StartsWith('\uFEFF') ? text[1..] : text;
        }
        catch (DecoderFallbackException e)
        {
            throw new ModelFormatException($"{path}: is not UTF-8 text: {e.Message}", e);
        }
    }

    /// <exception cref="ModelFormatException">The file is empty or not a regular file.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    internal static void Require(string path)
    {
        if (!HasContent(path))
            throw new ModelFormatException($"{path}: has 0 bytes, or is a pipe or device; expected a regular file that is not empty");
    }

    // The length of a link would be that of its target's name.
    private static long Length(string path) => (File.ResolveLinkTarget(path, returnFinalTarget: true) as FileInfo ?? new FileInfo(path)).Length;
}
