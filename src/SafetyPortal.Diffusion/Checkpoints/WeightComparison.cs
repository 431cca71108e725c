using SafetyPortal.Diffusion.Safetensors;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Checkpoints;

/// <summary>How the tensors of a checkpoint differ from the parameters of a network.</summary>
/// <param name="Names">The checkpoint's names by the network's.</param>
/// <param name="Missing">Parameters without a tensor, with their shapes.</param>
/// <param name="Unexpected">Tensors without a parameter, with their shapes.</param>
/// <param name="Misshapen">Tensors of another shape or kind of number, with what was expected and what was found.</param>
internal sealed record WeightComparison(
    string Location,
    IReadOnlyDictionary<string, string> Names,
    IReadOnlyList<string> Missing,
    IReadOnlyList<string> Unexpected,
    IReadOnlyList<string> Misshapen)
{
    private const int Shown = 10;

    /// <param name="expected">The network's parameters.</param>
    /// <param name="rename">From a checkpoint's name to the network's; its null leaves a tensor out. Null if the names are equal.</param>
    public static WeightComparison Of(IReadOnlyList<ParameterShape> expected, ITensorSource source, Func<string, string?>? rename)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        var wanted = expected.ToDictionary(e => e.Name, StringComparer.Ordinal);
        List<string> unexpected = [];
        List<string> misshapen = [];
        foreach (var entry in source.Entries.Values)
        {
            if ((rename is null ? entry.Name : rename(entry.Name)) is not { } name)
                continue;
            var got = $"{entry.Name} [{string.Join(", ", entry.Shape)}]";
            if (!wanted.TryGetValue(name, out var shape) || !names.TryAdd(name, entry.Name))
                unexpected.Add(got);
            else if (!shape.Shape.SequenceEqual(entry.Shape))
                misshapen.Add($"{entry.Name} expected [{string.Join(", ", shape.Shape)}], got [{string.Join(", ", entry.Shape)}]");
            else if (entry.Dtype is not (ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64))
                misshapen.Add($"{entry.Name} expected floating-point numbers, got {entry.Dtype}");
        }

        var missing = expected.Where(e => !names.ContainsKey(e.Name)).Select(e => e.ToString()).ToList();
        return new WeightComparison(source.Location, names, missing, unexpected, misshapen);
    }

    /// <exception cref="ModelFormatException">A tensor is missing, unexpected or misshapen; the message lists up to ten of each kind.</exception>
    public void RequireMatch()
    {
        string[] kinds = [.. Describe("missing", Missing), .. Describe("unexpected", Unexpected), .. Describe("misshapen", Misshapen)];
        if (kinds.Length > 0)
            throw new ModelFormatException($"{Location} does not fit its config.json:{string.Concat(kinds)}");
    }

    private static IEnumerable<string> Describe(string kind, IReadOnlyList<string> items)
    {
        if (items.Count > 0)
            yield return $"\n  {items.Count} {kind}: {string.Join("; ", items.Take(Shown))}{(items.Count > Shown ? $"; and {items.Count - Shown} more" : "")}";
    }
}
