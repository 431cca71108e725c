namespace SafetyPortal.Findings;

/// <summary>One thing wrong with what was entered: the field (property name) and a sentence for its author.</summary>
public sealed record RequestProblem(string Field, string Message);
