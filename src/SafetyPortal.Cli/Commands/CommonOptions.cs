using System.CommandLine;

namespace SafetyPortal.Cli.Commands;

/// <summary>Options that mean the same in every command that has them.</summary>
public static class CommonOptions
{
    /// <summary>One JSON object on standard output instead of text.</summary>
    public static Option<bool> Json() => new("--json") { Description = "Print one JSON object on standard output." };

    public static Option<DirectoryInfo> Model() => new("--model")
    {
        Description = "Diffusers folder of the model.",
        DefaultValueFactory = _ => new DirectoryInfo(EmbeddedModel.Folder),
    };

    public static Option<int> Threads() => new("--threads")
    {
        Description = "Threads of libtorch and its BLAS; recorded in the evidence, since results repeat exactly only for one thread count.",
        DefaultValueFactory = _ => Worker.Running.TorchThreads.Default,
    };

    public static Option<long> Seed(long fallback = 0) => new("--seed") { Description = "Seed of all noise.", DefaultValueFactory = _ => fallback };
}
