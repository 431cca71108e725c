using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Requests;

namespace SafetyPortal.Cli.Commands;

/// <summary>Options that mean the same in every command that has them, and the kinds that options are made of.</summary>
public static partial class CommonOptions
{
    private const NumberStyles WholeNumber = NumberStyles.AllowLeadingSign;
    private const NumberStyles DecimalNumber = WholeNumber | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

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

    /// <summary>A whole number within limits; any other text is a wrong command line.</summary>
    public static Option<int> Number(string name, string description, int fallback, int least = 1, int most = 10_000) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => fallback,
        CustomParser = result => Parse(result, name, WholeNumber, least, most)[0],
    };

    /// <summary>As <see cref="Number"/>; null unless it is given.</summary>
    public static Option<int?> OptionalNumber(string name, string description, int least, int most) => new(name)
    {
        Description = description,
        CustomParser = result => Parse(result, name, WholeNumber, least, most)[0],
    };

    /// <summary>A number with a decimal point within limits; any other text, a decimal comma too, is a wrong command line.</summary>
    public static Option<double> Real(string name, string description, double fallback, double least, double most) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => fallback,
        CustomParser = result => Parse(result, name, DecimalNumber, least, most)[0],
    };

    /// <summary>Numbers with a decimal point within limits, one each time the option is given.</summary>
    public static Option<double[]> Reals(string name, string description, double least, double most) => new(name)
    {
        Description = description,
        CustomParser = result => Parse(result, name, DecimalNumber, least, most),
    };

    /// <summary>Texts that are not blank, one each time the option is given.</summary>
    public static Option<string[]> Texts(string name, string description) => new(name)
    {
        Description = description,
        Validators = { result => RequireText(result, name) },
    };

    /// <summary>One of an enum's names in any case; a number or a list of names is a wrong command line.</summary>
    public static Option<T> Choice<T>(string name, string description, T fallback)
        where T : struct, Enum => new(name)
        {
            Description = description,
            DefaultValueFactory = _ => fallback,
            CustomParser = result => ParseName<T>(result, name),
        };

    /// <summary>As <see cref="Choice"/>; null unless it is given.</summary>
    public static Option<T?> OptionalChoice<T>(string name, string description)
        where T : struct, Enum => new(name) { Description = description, CustomParser = result => ParseName<T>(result, name) };

    /// <summary>How the edit is made of the scores.</summary>
    public static Option<EraseMethod> Method(EraseMethod fallback = EraseMethods.Default) => Choice(
        "--method",
        "improved: learned suppression with prompts to keep; cad: the published method (arXiv 2412.02542); "
        + "app: units scaled by the posterior of their activations.",
        fallback);

    /// <summary>Where the networks compute.</summary>
    public static Option<string> Device()
    {
        var option = new Option<string>("--device") { Description = "cpu, cuda or cuda:N.", DefaultValueFactory = _ => "cpu" };
        option.Validators.Add(result =>
        {
            if (!DeviceSyntax().IsMatch(result.GetValueOrDefault<string>() ?? string.Empty))
                result.AddError("--device must be cpu, cuda or cuda:N.");
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

    public static Option<long> Seed(long fallback = 0) => new("--seed")
    {
        Description = "Seed of all noise.",
        DefaultValueFactory = _ => fallback,
        CustomParser = result => Parse(result, "--seed", WholeNumber, 0, RequestContent.MaxSeed)[0],
    };

    /// <summary>Adds a check of several options together.</summary>
    internal static void AddCheck(this Command command, Action<CommandResult> check) => command.Validators.Add(result =>
    {
        try
        {
            check(result);
        }
        catch (InvalidOperationException)
        {
            // One of the options does not parse. System.CommandLine throws where it is read and reports it after this.
        }
    });

    /// <summary>Refuses options that are given where they change nothing.</summary>
    /// <param name="reason">What follows the option's name in the message.</param>
    internal static void RefuseIgnored(this CommandResult result, string reason, params IEnumerable<Option> options)
    {
        foreach (var option in options.Where(option => result.GetResult(option) is { Implicit: false }))
            result.AddError($"{option.Name} {reason}");
    }

    /// <summary>Refuses a blank value.</summary>
    internal static void RequireText(OptionResult result, string name)
    {
        if (result.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value)))
            result.AddError($"{name} must not be blank.");
    }

    // System.CommandLine's own parser takes 7,5 for 75.
    private static T[] Parse<T>(ArgumentResult result, string name, NumberStyles styles, T least, T most)
        where T : struct, INumber<T> =>
        [.. result.Tokens.Select(token =>
        {
            if (T.TryParse(token.Value, styles, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
                return number;
            var kind = styles == WholeNumber ? "a whole number" : "a number with a decimal point";
            result.AddError($"{name} must be {kind} from {least} to {most}, not \"{token.Value}\".");
            return least;
        })];

    private static T ParseName<T>(ArgumentResult result, string name)
        where T : struct, Enum
    {
        var text = result.Tokens[0].Value;
        if (Array.Find(Enum.GetNames<T>(), known => known.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } found)
            return Enum.Parse<T>(found);
        result.AddError($"{name} must be {string.Join(" or ", Enum.GetNames<T>().Select(known => known.ToLowerInvariant()))}, not \"{text}\".");
        return default;
    }

    [GeneratedRegex(@"^(cpu|cuda(:[0-9]{1,3})?)\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex DeviceSyntax();
}
