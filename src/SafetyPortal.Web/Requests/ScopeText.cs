namespace SafetyPortal.Web.Requests;

/// <summary>Ablation scopes in words.</summary>
internal static class ScopeText
{
    public static string Of(AblationScope scope) => scope switch
    {
        AblationScope.Row => "within each row of a weight matrix",
        AblationScope.Tensor => "within each weight matrix",
        AblationScope.Model => "across the whole model",
        _ => scope.ToString(),
    };
}
