namespace SafetyPortal.Evaluation.PromptSets;

/// <summary>An evaluation set cannot be read; the message names the row and what was expected.</summary>
public sealed class PromptSetException(string message, Exception? inner = null) : Exception(message, inner);
