using System.CommandLine;

namespace SafetyPortal.Cli.Commands;

/// <summary><c>--concept</c>, refused as part of a wrong command line when it names none.</summary>
internal static class ConceptOption
{
    public const string Name = "--concept";

    public static Option<string> One(string description)
    {
        var option = new Option<string>(Name) { Description = description };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } text && Problem(text) is { } problem) result.AddError(problem);
        });
        return option;
    }

    public static Option<string[]> Many(string description)
    {
        var option = new Option<string[]>(Name) { Description = description };
        option.Validators.Add(result =>
        {
            foreach (var problem in (result.GetValueOrDefault<string[]>() ?? []).Select(Problem).OfType<string>()) result.AddError(problem);
        });
        return option;
    }

    private static string? Problem(string text)
    {
        try
        {
            ConceptArgument.Parse(text);
            return null;
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }
}
