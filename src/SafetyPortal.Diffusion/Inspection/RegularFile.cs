using System.Text;

namespace SafetyPortal.Diffusion.Inspection;

/// <summary>Reads files of a model whole. Opening a pipe could wait for a writer forever, so only regular files that are not empty are opened.</summary>
public static class RegularFile
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Returns whether a file has a length, which pipes, sockets and devices do not have.</summary>
    public static bool HasContent(string path) => Length(path) > 0;

    /// <param name="most">Largest length in bytes that is accepted.</param>
    /// <exception cref="ModelFormatException">The file is missing, empty, larger, unreadable, or not a regular file.</exception>
    public static byte[] ReadAllBytes(string path, long most)
    {
        try
        {
            var length = Length(path);
            if (length == 0)
                throw new ModelFormatException($"{path}: has 0 bytes, or is a pipe or device; expected a regular file that is not empty");
            return length <= most ? File.ReadAllBytes(path) : throw new ModelFormatException($"{path}: has {length} bytes; at most {most} are read");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFormatException($"{path}: cannot be opened: {e.Message}", e);
        }
    }

    /// <summary>Returns the text of a UTF-8 file, without its byte order mark.</summary>
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

    // The length of a link would be that of its target's name.
    private static long Length(string path) => (File.ResolveLinkTarget(path, returnFinalTarget: true) as FileInfo ?? new FileInfo(path)).Length;
}
