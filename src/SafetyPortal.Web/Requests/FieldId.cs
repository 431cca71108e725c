namespace SafetyPortal.Web.Requests;

/// <summary>Ids of form fields, derived from the property a problem names.</summary>
internal static class FieldId
{
    public static string Of(string property) => "field-" + property.ToLowerInvariant();

    /// <summary>Id of the text that says what is wrong with a field; null when nothing is, and no such text is there.</summary>
    public static string? Error(IReadOnlyList<RequestProblem> problems, string property) =>
        problems.Any(problem => string.Equals(problem.Field, property, StringComparison.Ordinal)) ? Of(property) + "-error" : null;

    /// <summary>What a field says of itself to those who cannot see the text below it; null when nothing is wrong with it.</summary>
    public static IReadOnlyDictionary<string, object>? Faults(IReadOnlyList<RequestProblem> problems, string property) =>
        Error(problems, property) is { } text ? new Dictionary<string, object>(StringComparer.Ordinal) { ["aria-invalid"] = "true", ["aria-describedby"] = text } : null;
}
