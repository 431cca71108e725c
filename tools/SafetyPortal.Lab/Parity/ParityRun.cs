using System.Diagnostics;
using SafetyPortal.Diffusion;

namespace SafetyPortal.Lab.Parity;

/// <summary>Checks a folder of reference numbers item by item.</summary>
public static class ParityRun
{
    private static readonly (string Item, string Needs, Action<GoldenSet, ItemChecks> Check)[] Items =
    [
        ("01_unet", "io.safetensors", UnetParity.Check),
        ("02_vae", "io.safetensors", VaeParity.Check),
        ("03_clip_text", "io.safetensors", ClipParity.CheckText),
        ("03_clip_full", "io.safetensors", ClipParity.CheckFull),
        ("04_tokenizer", "tokens.jsonl", TokenizerParity.Check),
        ("05_schedulers", "io.safetensors", SchedulerParity.Check),
        ("06_pipeline", "io.safetensors", PipelineParity.Check),
        ("07_cad", "io.safetensors", CadParity.Check),
        ("08_metrics", "io.safetensors", MetricsParity.Check),
        ("09_shapes", "", ShapeParity.Check),
    ];

    /// <summary>Names of the items that can be checked.</summary>
    public static IReadOnlyList<string> ItemNames => [.. Items.Select(i => i.Item)];

    /// <summary>Checks every item that the folder has.</summary>
    /// <param name="folder">Laid out like <c>tests/goldens</c>; whatever cases, runs and tensors it holds are checked.</param>
    /// <param name="only">Items to check; null or empty for all.</param>
    /// <param name="finished">Told each item as it is finished.</param>
    /// <param name="cancellation">Ends the work between items.</param>
    /// <exception cref="ModelFormatException">The folder has none of the items.</exception>
    public static IReadOnlyList<ParityItem> Check(string folder, IReadOnlyCollection<string>? only = null, Action<ParityItem>? finished = null, CancellationToken cancellation = default)
    {
        var set = new GoldenSet(folder);
        var results = new List<ParityItem>();
        foreach (var (item, needs, check) in Items.Where(i => only is null || only.Count == 0 || only.Contains(i.Item)))
        {
            cancellation.ThrowIfCancellationRequested();
            var result = set.Has(item) ? CheckItem(set, item, needs, check) : new(item, ParityStatus.Absent, 0, null, [], [], [], 0);
            results.Add(result);
            finished?.Invoke(result);
        }

        return results.Exists(r => r.Status != ParityStatus.Absent)
            ? results
            : throw new ModelFormatException($"{folder}: expected a folder with items such as {string.Join(", ", ItemNames.Take(3))}; found none");
    }

    private static ParityItem CheckItem(GoldenSet set, string item, string needs, Action<GoldenSet, ItemChecks> check)
    {
        var clock = Stopwatch.StartNew();
        var checks = new ItemChecks();
        try
        {
            if (set.Has(item, needs))
                check(set, checks);
            else
                checks.Fail(item, $"{needs} is missing");
            if (checks.All.Count == 0)
                checks.Fail(item, "nothing in the folder could be compared");
        }
        // Damaged or contradictory reference files can break a check in any way; each such way is a failed item, not a crash.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            checks.Fail(item, e.Message);
        }

        var ordered = checks.All.OrderByDescending(c => c.Strain).ToList();
        var failures = ordered.Where(c => !c.Passed).ToList();
        return new(
            item,
            failures.Count == 0 ? ParityStatus.Passed : ParityStatus.Failed,
            checks.All.Count,
            ordered[0],
            failures,
            checks.AbsentParts,
            checks.UncheckedParts,
            clock.Elapsed.TotalSeconds);
    }
}
