namespace SafetyPortal.Diffusion.Tokenizer;

/// <summary>A tokenizer file is missing, malformed or inconsistent, or a prompt is beyond the accepted length.</summary>
public sealed class TokenizerException(string message, Exception? inner = null) : Exception(message, inner);
