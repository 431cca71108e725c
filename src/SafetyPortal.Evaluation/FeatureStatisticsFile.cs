using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Safetensors;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation;

/// <summary>
/// A shard of feature statistics on disk (safetensors), so that several workers' shares can be put together later. The exact sums are kept:
/// merging files gives the same bits as one pass over all images.
/// </summary>
public static class FeatureStatisticsFile
{
    private const string Format = "safetyportal-feature-statistics-1";

    /// <param name="backbone">Names the features; shards of different features are never merged.</param>
    public static void Save(string path, FeatureStatistics statistics, string backbone)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(
            path,
            [("count", tensor(new[] { statistics.Count })), ("sums", Halves(statistics.Sums)), ("products", Halves(statistics.Products))],
            new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = Format, ["backbone"] = backbone });
    }

    /// <summary>Reads shards of the same features and merges them.</summary>
    /// <exception cref="ModelFormatException">A file is damaged, or its features are not those of the first.</exception>
    public static (FeatureStatistics Statistics, string Backbone) Load(params IReadOnlyList<string> paths)
    {
        if (paths.Count == 0)
            throw new ArgumentException("Expected at least one shard.", nameof(paths));
        FeatureStatistics? merged = null;
        var backbone = "";
        foreach (var path in paths)
        {
            using var file = SafetensorsFile.Open(path);
            var (count, sums, products) = Read(file);
            var name = file.Metadata.GetValueOrDefault("backbone", "");
            if (merged is not null && (name != backbone || merged.Dimension != sums.Length))
                throw new ModelFormatException($"{path}: holds {sums.Length} features of \"{name}\", the first shard {merged.Dimension} of \"{backbone}\"");
            (merged, backbone) = (merged ?? new(sums.Length), name);
            merged.Take(sums, products, count);
        }

        return (merged!, backbone);
    }

    private static (long Count, Int128[] Sums, Int128[] Products) Read(SafetensorsFile file)
    {
        if (file.Metadata.GetValueOrDefault("format") != Format)
            throw new ModelFormatException($"{file.Location}: expected feature statistics ({Format})");
        long[] Numbers(string name, long rows)
        {
            if (!file.Entries.TryGetValue(name, out var entry) || entry.Dtype != ScalarType.Int64 || (rows > 0 && !entry.Shape.SequenceEqual([rows, 2L])))
                throw new ModelFormatException($"{file.Location}: expected whole numbers \"{name}\"{(rows > 0 ? $" [{rows}, 2]" : "")}; {(entry is null ? "there are none" : $"got [{string.Join(", ", entry.Shape)}] of {entry.Dtype}")}");
            using var scope = NewDisposeScope();
            return file.Read(name).data<long>().ToArray();
        }

        var dimension = file.Entries.TryGetValue("sums", out var sums) && sums.Shape is [var rows, 2] ? rows : 0;
        if (dimension is < 1 or > 16384)
            throw new ModelFormatException($"{file.Location}: expected sums of 1 to 16384 features");
        var count = Numbers("count", 0);
        if (count is not [>= 0 and <= FeatureStatistics.MostImages])
            throw new ModelFormatException($"{file.Location}: expected one number of images");
        return (count[0], Wholes(Numbers("sums", dimension)), Wholes(Numbers("products", dimension * (dimension + 1) / 2)));
    }

    // High and low half of each, [n, 2].
    private static Tensor Halves(ReadOnlySpan<Int128> values)
    {
        var halves = new long[2 * values.Length];
        for (var i = 0; i < values.Length; i++)
            (halves[2 * i], halves[(2 * i) + 1]) = unchecked(((long)(values[i] >> 64), (long)(ulong)values[i]));
        return tensor(halves, [values.Length, 2]);
    }

    private static Int128[] Wholes(long[] halves)
    {
        var values = new Int128[halves.Length / 2];
        for (var i = 0; i < values.Length; i++)
            values[i] = unchecked(new Int128((ulong)halves[2 * i], (ulong)halves[(2 * i) + 1]));
        return values;
    }
}
