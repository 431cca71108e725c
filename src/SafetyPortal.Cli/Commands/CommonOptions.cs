using SafetyPortal.Diffusion.Runtime;
using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;

namespace SafetyPortal.Cli.Commands;

/// <summary>Options that mean the same in every command that has them.</summary>
public static partial class CommonOptions
{
    /// <summary>One JSON object on standard output instead of text.</summary>
    public static Option<bool> Json() => new("--json") { Description = "Print one JSON object on standard output." };

    public static Option<DirectoryInfo> Model() => new("--model")
    {
        Description = "Diffusers folder of the model.",
        DefaultValueFactory = _ => new DirectoryInfo(EmbeddedModel.Folder),
    };

    public static Option<int> Threads() => Number(
        "--threads",
        "Threads of libtorch and its BLAS; recorded in the evidence, since results repeat exactly only for one thread count.",
        TorchThread.DefaultThreads,
        most: 1024);

    /// <summary>A whole number within limits; anything else is a wrong command line.</summary>
    public static Option<int> Number(string name, string description, int fallback, int least = 1, int most = 10_000)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => fallback };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValueOrDefault<int>() is var value && (value < least || value > most))
                result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} must be {least} to {most:N0}, not {value}."));
        });
        return option;
    }

    /// <summary>Where the networks compute.</summary>
    public static Option<string> Device()
    {
        var option = new Option<string>("--device") { Description = "cpu, cuda or cuda:N.", DefaultValueFactory = _ => "cpu" };
        option.Validators.Add(result =>
        {
            if (!DeviceSyntax().IsMatch(result.GetValueOrDefault<string>() ?? string.Empty)) result.AddError("--device must be cpu, cuda or cuda:N.");
        });
        return option;
    }

    /// <summary>The type the networks compute in; <see cref="ModelLoading.Types"/> has its names.</summary>
    public static Option<string> Dtype()
    {
        var option = new Option<string>("--dtype")
        {
            Description = "fp32, bf16 or fp16. Patches and evidence need fp32; bf16 is several times faster where the processor multiplies it.",
            DefaultValueFactory = _ => "fp32",
        };
        option.AcceptOnlyFromAmong([.. ModelLoading.Types.Keys]);
        return option;
    }

    public static Option<long> Seed(long fallback = 0) => new("--seed") { Description = "Seed of all noise.", DefaultValueFactory = _ => fallback };

    [GeneratedRegex("^(cpu|cuda(:[0-9]{1,3})?)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex DeviceSyntax();
}
