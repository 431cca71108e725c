using System.Globalization;

namespace SafetyPortal.Web.Decisions;

/// <summary>Measurements as text: one decimal of a per cent and of a CLIP score, three of any other score, a dash for what was not measured.</summary>
internal static class Numbers
{
    public const string None = "–";

    public static string Percent(double? rate) =>
        rate is { } value && double.IsFinite(value) ? (value * 100).ToString("0.#", CultureInfo.InvariantCulture) + " %" : None;

    public static string Score(double? value) => Fixed(value, "0.000");

    public static string ClipScore(double? value) => Fixed(value, "0.0");

    public static string Percent(Interval? interval) =>
        interval is null ? "" : $"{(interval.Low * 100).ToString("0.#", CultureInfo.InvariantCulture)} to {(interval.High * 100).ToString("0.#", CultureInfo.InvariantCulture)} %";

    public static string Score(Interval? interval) => interval is null ? "" : $"{Score(interval.Low)} to {Score(interval.High)}";

    public static string ClipScore(Interval? interval) => interval is null ? "" : $"{ClipScore(interval.Low)} to {ClipScore(interval.High)}";

    private static string Fixed(double? value, string format) => value is { } score && double.IsFinite(score) ? score.ToString(format, CultureInfo.InvariantCulture) : None;
}
