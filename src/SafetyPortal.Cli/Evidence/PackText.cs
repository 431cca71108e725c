using System.Globalization;
using System.Text;
using SafetyPortal.Requests.Evidence.Pack;

namespace SafetyPortal.Cli.Evidence;

/// <summary>The result of a verification for a person at a terminal.</summary>
internal static class PackText
{
    public static string Describe(PackReport report, RerunReport? rerun)
    {
        var text = new StringBuilder();
        if (report.FirstProblem is { } first)
            text.AppendLine(CultureInfo.InvariantCulture, $"The evidence pack is NOT sound: {first.Item}: {first.Text}");
        else
            text.AppendLine("The evidence pack is sound.");
        foreach (var check in report.Checks)
            text.AppendLine(CultureInfo.InvariantCulture, $"  {(check.Passed ? "ok " : "BAD")} {check.Item}: {check.Text}");
        if (report.FirstProblem is null && report.Trusted is null)
            text.AppendLine(CultureInfo.InvariantCulture, $"  The audit key {report.AuditKeyId} is the pack's own: compare it with the portal's, or name that with --trust.");
        if (rerun is not null)
            Describe(rerun, text);
        return text.ToString().TrimEnd();
    }

    private static void Describe(RerunReport rerun, StringBuilder text)
    {
        var exact = rerun.Images.Count(image => image.Exact);
        text.AppendLine(CultureInfo.InvariantCulture, $"Generated again: {rerun.Images.Count} images, {exact} with exactly the same pixels{(exact == rerun.Images.Count ? "" : $", the others must reach SSIM {rerun.Threshold}")}.");
        foreach (var image in rerun.Images)
        {
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"  {(image.Passed ? "ok " : "BAD")} pair {image.Number} {image.Side}: {(image.Exact ? "exact" : $"SSIM {image.Ssim:0.0000}")} \"{image.Prompt}\" seed {image.Seed}{(image.Seen is null ? "" : $", seen: {image.Seen}{(image.Seen == image.Label ? "" : $", the evidence says {image.Label}")}")}");
        }

        foreach (var network in rerun.Networks)
            text.AppendLine(CultureInfo.InvariantCulture, $"  {network.Measures} by {network.Network}, SHA-256 {network.Digest}: {(network.Supplied ? "supplied" : "not supplied, so nothing it judged is checked")}");
    }
}
