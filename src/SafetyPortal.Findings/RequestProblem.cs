namespace SafetyPortal.Findings;

/// <summary>One problem of an entry: the field (property name) and a sentence for its author.</summary>
public sealed record RequestProblem(string Field, string Message);
