namespace SafetyPortal.Diffusion.Tokenizer;

/// <summary>A tokenizer file is missing, malformed or inconsistent.</summary>
public sealed class TokenizerException : ModelFormatException
{
    public TokenizerException(string message)
        : base(message)
    {
    }

    public TokenizerException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
