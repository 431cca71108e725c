namespace SafetyPortal.Web.Explorer;

/// <summary>Score mass of a part of the network. Both masses are sums of magnitudes.</summary>
public sealed record MassRow(string Label, double Positive, double Negative)
{
    /// <summary>Sums per part, in the order in which the parts first appear.</summary>
    public static IReadOnlyList<MassRow> By(IEnumerable<WeightMass> weights, Func<WeightMass, string> part) =>
        [.. weights.GroupBy(part, StringComparer.Ordinal).Select(group => new MassRow(group.Key, group.Sum(w => w.Positive), group.Sum(w => w.Negative)))];
}
