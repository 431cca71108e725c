using System.CommandLine;
using System.CommandLine.Parsing;

namespace SafetyPortal.Cli.Commands;

/// <summary>A concept as the command line names it: <c>object:church</c>, <c>style:sketch</c> or <c>nudity</c>.</summary>
public sealed record ConceptArgument(ConceptKind Kind, string Name)
{
    public const string Syntax = "object:NAME, style:NAME or nudity";

    private const string OptionName = "--concept";

    /// <summary>The option that names one concept.</summary>
    /// <param name="fallback">What it names unless it is given; null makes it required.</param>
    internal static Option<ConceptArgument> One(string description, string? fallback)
    {
        var option = new Option<ConceptArgument>(OptionName)
        {
            Description = description,
            Required = fallback is null,
            CustomParser = result => ParseAll(result).FirstOrDefault(),
        };
        if (fallback is not null)
            option.DefaultValueFactory = _ => Parse(fallback);
        return option;
    }

    /// <summary>The option that names concepts, one each time it is given.</summary>
    internal static Option<ConceptArgument[]> Many(string description) =>
        new(OptionName) { Description = description, CustomParser = result => [.. ParseAll(result)] };

    /// <exception cref="FormatException">The text is none of these.</exception>
    public static ConceptArgument Parse(string text)
    {
        var parts = text.Split(':', 2, StringSplitOptions.TrimEntries);
        return (parts[0].ToLowerInvariant(), parts.Length == 2 && parts[1].Length > 0) switch
        {
            ("object", true) => new(ConceptKind.Object, parts[1]),
            ("style", true) => new(ConceptKind.Style, parts[1]),
            ("nudity", false) when parts.Length == 1 => new(ConceptKind.Nudity, "nudity"),
            _ => throw new FormatException($"Expected {Syntax}, got \"{text}\"."),
        };
    }

    private static List<ConceptArgument> ParseAll(ArgumentResult result)
    {
        var concepts = new List<ConceptArgument>();
        foreach (var token in result.Tokens)
        {
            try
            {
                concepts.Add(Parse(token.Value));
            }
            catch (FormatException e)
            {
                result.AddError(e.Message);
            }
        }

        return concepts;
    }
}
