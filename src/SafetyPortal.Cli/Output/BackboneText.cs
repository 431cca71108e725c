using System.Globalization;

namespace SafetyPortal.Cli.Output;

/// <summary>The networks an operator supplied, for people.</summary>
internal static class BackboneText
{
    /// <summary>A line for each.</summary>
    public static IEnumerable<string> Lines(IReadOnlyList<BackboneUse> uses) => uses.Select(use =>
        $"{use.Measures} by {use.Network}{(use.Threshold is { } from ? string.Create(CultureInfo.InvariantCulture, $" from {from}") : "")}, SHA-256 {use.Digest}");
}
