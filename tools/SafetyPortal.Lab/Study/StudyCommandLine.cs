using System.CommandLine.Parsing;

namespace SafetyPortal.Lab.Study;

/// <summary>The command line that makes a page again, as it was given, without what changes nothing on the page.</summary>
internal static class StudyCommandLine
{
    private static readonly string[] WithoutValue = ["--json"];
    private static readonly string[] WithValue = ["--work"];

    public static string Of(IReadOnlyList<Token> tokens)
    {
        var words = new List<string> { "./portal" };
        for (var i = 0; i < tokens.Count; i++)
        {
            var text = tokens[i].Value;
            if (WithoutValue.Contains(text, StringComparer.Ordinal)) continue;
            if (WithValue.Contains(text, StringComparer.Ordinal)) i++;
            else words.Add(Quoted(text));
        }

        return string.Join(' ', words);
    }

    private static string Quoted(string text) => text.Length > 0 && text.All(c => char.IsLetterOrDigit(c) || "-_./:,=".Contains(c, StringComparison.Ordinal)) ? text : $"'{text}'";
}
