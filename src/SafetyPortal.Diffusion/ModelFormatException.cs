namespace SafetyPortal.Diffusion;

/// <summary>
/// A model file or folder is not what it should be. The message names the file, what was expected and what was found,
/// and is fit to be shown to the person who supplied the model.
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
