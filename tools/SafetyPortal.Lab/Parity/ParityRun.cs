using System.Diagnostics;
using SafetyPortal.Diffusion;

namespace SafetyPortal.Lab.Parity;

/// <summary>Compares a folder of reference numbers item by item.</summary>
public static class ParityRun
{
    private static readonly (string Name, Action<GoldenItem> Check)[] Items =
    [
        ("01_unet", UnetParity.Check),
        ("02_vae", VaeParity.Check),
        ("03_clip_text", ClipParity.CheckText),
        ("03_clip_full", ClipParity.CheckFull),
        ("04_tokenizer", TokenizerParity.Check),
        ("05_schedulers", SchedulerParity.Check),
        ("06_pipeline", PipelineParity.Check),
        ("07_cad", CadParity.Check),
        ("08_metrics", MetricsParity.Check),
        ("09_shapes", ShapeParity.Check),
    ];

    /// <summary>Names of the items that can be compared.</summary>
    public static IReadOnlyList<string> ItemNames => [.. Items.Select(i => i.Name)];

    /// <summary>Compares every item that the folder has.</summary>
    /// <param name="folder">Laid out like <c>tests/goldens</c>; every case, run and tensor in it is compared.</param>
    /// <param name="only">Items to compare; null or empty for all.</param>
    /// <param name="finished">Receives each item when it is finished.</param>
    /// <param name="cancellation">Ends the work between items.</param>
    /// <exception cref="ModelFormatException">The folder has none of the items.</exception>
    public static IReadOnlyList<ParityItem> Check(
        string folder, IReadOnlyCollection<string>? only = null, Action<ParityItem>? finished = null, CancellationToken cancellation = default)
    {
        var results = new List<ParityItem>();
        foreach (var (name, check) in Items.Where(i => only is null || only.Count == 0 || only.Contains(i.Name)))
        {
            cancellation.ThrowIfCancellationRequested();
            var result = Directory.Exists(Path.Combine(folder, name)) ? CheckItem(folder, name, check) : new(name, ParityStatus.Absent, 0, null, [], [], [], 0);
            results.Add(result);
            finished?.Invoke(result);
        }

        return results.Exists(r => r.Status != ParityStatus.Absent)
            ? results
            : throw new ModelFormatException($"{folder}: expected a folder with items such as {string.Join(", ", ItemNames.Take(3))}; found none");
    }

    private static ParityItem CheckItem(string folder, string name, Action<GoldenItem> check)
    {
        var clock = Stopwatch.StartNew();
        using var item = new GoldenItem(folder, name);
        IReadOnlyList<string> unread = [];
        try
        {
            check(item);
            unread = item.UncheckedParts;
            if (item.Checks.Count == 0)
                item.Fail(name, "nothing in the folder could be compared");
        }
        // Damaged or contradictory reference files can break a check in any way; each such way is a failed item, not a crash.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            item.Fail(name, e.Message);
        }

        var ordered = item.Checks.OrderByDescending(c => c.Strain).ToList();
        var failures = ordered.Where(c => !c.Passed).ToList();
        var status = failures.Count == 0 ? ParityStatus.Passed : ParityStatus.Failed;
        return new(name, status, ordered.Count, ordered[0], failures, item.AbsentParts, unread, clock.Elapsed.TotalSeconds);
    }
}
