namespace SafetyPortal.Web.Requests;

/// <summary>Parts of a request in words.</summary>
internal static class RequestText
{
    public static string Concept(ConceptKind kind, string name) => kind switch
    {
        ConceptKind.Style => $"the style “{name}”",
        ConceptKind.Nudity => "nudity",
        _ => $"“{name}”",
    };

    public static string Of(AblationScope scope) => scope switch
    {
        AblationScope.Row => "within each row of a weight matrix",
        AblationScope.Tensor => "within each weight matrix",
        AblationScope.Model => "across the whole model",
        _ => scope.ToString(),
    };
}
