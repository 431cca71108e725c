
namespace SafetyPortal.Cli.Commands;

/// <summary>A concept as the command line names it: <c>object:church</c>, <c>style:sketch</c> or <c>nudity</c>.</summary>
public sealed record ConceptArgument(ConceptKind Kind, string Name)
{
    public const string Syntax = "object:NAME, style:NAME or nudity";

    /// <exception cref="FormatException">The text is none of these.</exception>
    public static ConceptArgument Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split(':', 2, StringSplitOptions.TrimEntries);
        return (parts[0].ToLowerInvariant(), parts.Length == 2 && parts[1].Length > 0) switch
        {
            ("object", true) => new(ConceptKind.Object, parts[1]),
            ("style", true) => new(ConceptKind.Style, parts[1]),
            ("nudity", false) when parts.Length == 1 => new(ConceptKind.Nudity, "nudity"),
            _ => throw new FormatException($"Expected {Syntax}, got \"{text}\"."),
        };
    }
}
