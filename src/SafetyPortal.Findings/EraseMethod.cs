namespace SafetyPortal.Findings;

/// <summary>How the edit is made of the scores.</summary>
public enum EraseMethod
{
    /// <summary>CAD as published (arXiv 2412.02542): the highest scores are set to zero.</summary>
    Cad = 0,

    /// <summary>Best in measurements on the embedded model: partial suppression found in rounds of attribution, with prompts to keep.</summary>
    Improved = 1,

    /// <summary>Partial suppression by the posterior of activations (APP, after arXiv 2508.15094): units, not weights; needs no gradient.</summary>
    App = 2,
}

/// <summary>Defaults and names of methods.</summary>
public static class EraseMethods
{
    /// <summary>The method of a request that names none.</summary>
    public const EraseMethod Default = EraseMethod.Improved;

    /// <summary>The sweep of a request that names no doses.</summary>
    public static readonly IReadOnlyList<double> DefaultDoses = [0.01, 0.02, 0.03, 0.05, 0.08];

    /// <summary>The name that pages, evidence and command line show.</summary>
    public static string Describe(this EraseMethod method) => method switch
    {
        EraseMethod.Cad => "CAD (arXiv 2412.02542)",
        EraseMethod.Improved => "improved (learned suppression with prompts to keep)",
        EraseMethod.App => "APP (posterior of activations, after arXiv 2508.15094)",
        _ => throw new ArgumentOutOfRangeException(nameof(method), method, "expected Cad, Improved or App"),
    };
}
