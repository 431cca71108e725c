using System.Text;

namespace SafetyPortal.Diffusion.Checkpoints;

/// <summary>The tensors of a checkpoint are not those its configuration calls for.</summary>
public sealed class ModelMismatchException : ModelFormatException
{
    private const int Shown = 10;

    internal ModelMismatchException(string location, IReadOnlyList<string> missing, IReadOnlyList<string> unexpected, IReadOnlyList<string> misshapen)
        : base(Describe(location, missing, unexpected, misshapen))
    {
        Missing = missing;
        Unexpected = unexpected;
        Misshapen = misshapen;
    }

    /// <summary>Tensors the configuration calls for and the file lacks, with their shapes.</summary>
    public IReadOnlyList<string> Missing { get; }

    /// <summary>Tensors the file holds and the configuration has no place for, with their shapes.</summary>
    public IReadOnlyList<string> Unexpected { get; }

    /// <summary>Tensors of another shape or kind of number, with what was expected and what was found.</summary>
    public IReadOnlyList<string> Misshapen { get; }

    private static string Describe(string location, IReadOnlyList<string> missing, IReadOnlyList<string> unexpected, IReadOnlyList<string> misshapen)
    {
        var text = new StringBuilder().Append(location).Append(" does not fit its config.json:");
        Append(text, "missing", missing);
        Append(text, "unexpected", unexpected);
        Append(text, "misshapen", misshapen);
        return text.ToString();
    }

    private static void Append(StringBuilder text, string kind, IReadOnlyList<string> items)
    {
        if (items.Count == 0)
            return;
        text.Append("\n  ").Append(items.Count).Append(' ').Append(kind).Append(": ").AppendJoin("; ", items.Take(Shown));
        if (items.Count > Shown)
            text.Append("; and ").Append(items.Count - Shown).Append(" more");
    }
}
