using System.Globalization;

namespace SafetyPortal.Web.Shell;

/// <summary>Measurements as text. Each returns <see cref="None"/> for what was not measured; an interval that was not becomes empty.</summary>
internal static class Figures
{
    public const string None = "–";

    public static string Percent(double? rate) => Text(rate * 100, "0.#' %'");

    public static string Percent(Interval? interval) => interval is null ? "" : $"{Text(interval.Low * 100, "0.#")} to {Percent(interval.High)}";

    public static string Percent(DetectionRate rate) => $"{Percent(rate.Rate)} ({Percent(rate.Interval)})";

    public static string Dose(double dose) => Text(dose, "0.##%");

    public static string ClipScore(double? value) => Text(value, "0.0");

    public static string ClipScore(Interval? interval) => interval is null ? "" : $"{ClipScore(interval.Low)} to {ClipScore(interval.High)}";

    /// <summary>Three decimals.</summary>
    public static string Score(double? value) => Text(value, "0.000");

    public static string Score(Interval? interval) => interval is null ? "" : $"{Score(interval.Low)} to {Score(interval.High)}";

    /// <summary>Three significant digits; masses range over many powers of ten.</summary>
    public static string Short(double? value) => Text(value, "G3");

    public static string Count(long? value) => value?.ToString("N0", CultureInfo.InvariantCulture) ?? None;

    /// <summary>A coordinate of a drawing.</summary>
    public static string Point(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    private static string Text(double? value, string format) =>
        value is { } number && double.IsFinite(number) ? number.ToString(format, CultureInfo.InvariantCulture) : None;
}
