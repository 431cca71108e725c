namespace SafetyPortal.Diffusion;

/// <summary>
/// Says that a model file or folder cannot be used. The message is written for the person who supplied the model: it names the file, what was
/// expected and what was found.
/// </summary>
public class ModelFormatException : Exception
{
    public ModelFormatException(string message)
        : base(message)
    {
    }

    public ModelFormatException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
