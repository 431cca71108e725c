using System.Globalization;

namespace SafetyPortal.Lab.Parity;

/// <summary>One comparison with a reference number.</summary>
/// <param name="Name">What was compared.</param>
/// <param name="Error">The difference, in the unit of the tolerance.</param>
/// <param name="Tolerance">The largest error that passes; 0 demands equality.</param>
/// <param name="Problem">Why the comparison could not be made; null when it was.</param>
public sealed record ParityCheck(string Name, double Error, double Tolerance, string? Problem = null)
{
    public bool Passed => Problem is null && Error <= Tolerance;

    /// <summary>The error in units of the tolerance. It orders checks of different kinds by how close they came to failing.</summary>
    public double Strain => Problem is not null || double.IsNaN(Error) ? double.PositiveInfinity
        : Tolerance > 0 ? Error / Tolerance
        : Error == 0 ? 0
        : double.PositiveInfinity;

    /// <summary>Returns the line of the report on a failed check.</summary>
    public override string ToString() => $"{Name}: {Problem ?? $"error {Text(Error)}, tolerance {Text(Tolerance)}"}";

    internal static string Text(double value) => value.ToString(value == 0 ? "0" : "0.00e+00", CultureInfo.InvariantCulture);
}

/// <summary>How an item ended.</summary>
public enum ParityStatus
{
    Passed,
    Failed,

    /// <summary>The folder has no such item; that is no failure.</summary>
    Absent,
}

/// <summary>The outcome of one item.</summary>
/// <param name="Item">Folder name, with the part when it has several.</param>
/// <param name="Status">Failed when any check failed or none could be made.</param>
/// <param name="Checks">Comparisons made.</param>
/// <param name="Worst">The check that came closest to failing, or failed by most; null when there is none.</param>
/// <param name="Failures">Checks that failed, worst first.</param>
/// <param name="Absent">Optional parts that this folder lacks.</param>
/// <param name="Unchecked">Tensors and numbers in the folder that nothing was compared with.</param>
/// <param name="Seconds">Wall-clock time.</param>
public sealed record ParityItem(
    string Item,
    ParityStatus Status,
    int Checks,
    ParityCheck? Worst,
    IReadOnlyList<ParityCheck> Failures,
    IReadOnlyList<string> Absent,
    IReadOnlyList<string> Unchecked,
    double Seconds);
