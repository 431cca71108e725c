using System.Globalization;

namespace SafetyPortal.Web.Explorer;

/// <summary>Measurements of the explorer as text.</summary>
internal static class Figures
{
    public const string None = "–";

    /// <summary>Three significant digits; masses range over many powers of ten.</summary>
    public static string Short(double? value) => value is { } v && double.IsFinite(v) ? v.ToString("G3", CultureInfo.InvariantCulture) : None;

    public static string Fixed(double? value) => value is { } v && double.IsFinite(v) ? v.ToString("0.000", CultureInfo.InvariantCulture) : None;

    public static string Range(Interval? interval) => interval is null ? "" : $"{Fixed(interval.Low)} to {Fixed(interval.High)}";

    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A coordinate of a drawing.</summary>
    public static string Point(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    public static string Rate(DetectionRate rate) => $"{Decisions.Numbers.Percent(rate.Rate)} ({Decisions.Numbers.Percent(rate.Interval)})";
}
