using SafetyPortal.Requests.Evidence.Pack;

namespace SafetyPortal.Cli.Evidence;

/// <summary>The result of a verification for a person at a terminal.</summary>
internal static class PackText
{
    public static string Describe(PackReport report, RerunReport? rerun) =>
        string.Join(Environment.NewLine, Lines(report).Concat(rerun is null ? [] : Lines(rerun)));

    private static IEnumerable<string> Lines(PackReport report)
    {
        yield return report.FirstProblem is { } first ? $"The evidence pack is NOT sound: {first.Item}: {first.Text}" : "The evidence pack is sound.";
        foreach (var check in report.Checks)
            yield return $"  {Verdict(check.Passed)} {check.Item}: {check.Text}";
        if (report.FirstProblem is null && report.Trusted is null)
            yield return $"  The audit key {report.AuditKeyId} is the pack's own: compare it with the portal's, or name that with --trust.";
    }

    private static IEnumerable<string> Lines(RerunReport rerun)
    {
        var exact = rerun.Images.Count(image => image.Exact);
        yield return $"Generated again: {rerun.Images.Count} images, {exact} with exactly the same pixels"
            + (exact == rerun.Images.Count ? "." : $", the others must reach SSIM {rerun.Threshold}.");
        foreach (var image in rerun.Images)
        {
            var seen = image.Seen is null ? "" : image.Seen == image.Label ? $", seen: {image.Seen}" : $", seen: {image.Seen}, the evidence says {image.Label}";
            yield return $"  {Verdict(image.Passed)} pair {image.Number} {image.Side}: {(image.Exact ? "exact" : $"SSIM {image.Ssim:0.0000}")} "
                + $"\"{image.Prompt}\" seed {image.Seed}{seen}";
        }

        foreach (var network in rerun.Networks)
        {
            yield return $"  {network.Measures} by {network.Network}, SHA-256 {network.Digest}: "
                + (network.Supplied ? "supplied" : "not supplied, so nothing it judged is checked");
        }
    }

    private static string Verdict(bool passed) => passed ? "ok " : "BAD";
}
