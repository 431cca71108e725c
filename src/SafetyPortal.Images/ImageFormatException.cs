namespace SafetyPortal.Images;

/// <summary>An encoded image was refused: wrong format, damaged, or over a limit. The message can be shown to the uploader.</summary>
public sealed class ImageFormatException : Exception
{
    public ImageFormatException()
    {
    }

    public ImageFormatException(string message)
        : base(message)
    {
    }

    public ImageFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
