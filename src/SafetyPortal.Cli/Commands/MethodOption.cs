using System.CommandLine;

namespace SafetyPortal.Cli.Commands;

/// <summary><c>--method</c>: how the edit is made of the scores.</summary>
internal static class MethodOption
{
    public static Option<EraseMethod> Create(EraseMethod fallback = EraseMethods.Default) => new("--method")
    {
        Description = "improved: learned suppression with prompts to keep; cad: the published method (arXiv 2412.02542); app: units scaled by the posterior of their activations.",
        DefaultValueFactory = _ => fallback,
    };
}
