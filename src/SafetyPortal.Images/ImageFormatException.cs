namespace SafetyPortal.Images;

/// <summary>An encoded image was refused: wrong format, damaged, or over a limit. The message can be shown to the uploader.</summary>
public sealed class ImageFormatException(string message, Exception? inner = null) : Exception(message, inner);
