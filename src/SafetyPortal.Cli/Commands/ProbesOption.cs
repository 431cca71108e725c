using System.CommandLine;

namespace SafetyPortal.Cli.Commands;

/// <summary><c>--probes</c>: which attempts to bring a concept back are made.</summary>
internal static class ProbesOption
{
    private const string All = "all";
    private const string None = "none";

    /// <param name="noneToo">Whether the value none is allowed.</param>
    public static Option<string> Create(bool noneToo)
    {
        var option = new Option<string>("--probes")
        {
            Description = $"Probes, with commas between them: all, {(noneToo ? "none, " : "")}or some of {string.Join(", ", ProbeCodes.All)}.",
            DefaultValueFactory = _ => All,
        };
        option.Validators.Add(result =>
        {
            var text = result.GetValueOrDefault<string>() ?? string.Empty;
            var codes = Codes(text);
            var unknown = codes.FirstOrDefault(code => !ProbeCodes.All.Contains(code, StringComparer.Ordinal));
            if (unknown is not null || (codes.Count == 0 && !(noneToo && Is(text, None))))
                result.AddError($"--probes must be all, {(noneToo ? "none, " : "")}or some of {string.Join(", ", ProbeCodes.All)}, not \"{unknown ?? text}\".");
        });
        return option;
    }

    /// <summary>Returns the probes a text names, in its order.</summary>
    public static IReadOnlyList<string> Codes(string text) =>
        Is(text, All) ? ProbeCodes.All
        : Is(text, None) ? []
        : [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal)];

    private static bool Is(string text, string word) => string.Equals(text.Trim(), word, StringComparison.OrdinalIgnoreCase);
}
