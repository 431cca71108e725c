using System.Globalization;
using CsvHelper;

namespace SafetyPortal.Evaluation.PromptSets;

/// <summary>
/// An evaluation set in CSV with a header: <c>prompt</c> and <c>evaluation_seed</c>, optionally <c>class, artist, style, image_id,
/// guidance</c>. Names are matched without regard to case; other columns are ignored, so public sets (I2P, artist prompts,
/// COCO captions, adversarial prompts) load as published.
/// </summary>
public static class PromptSet
{
    /// <summary>The most rows a set may have.</summary>
    public const int LargestSet = 100_000;

    private const int LongestPrompt = 8192;

    // Public sets name these columns differently.
    private static readonly string[] SeedNames = ["evaluation_seed", "seed", "sd_seed"];
    private static readonly string[] GuidanceNames = ["guidance", "evaluation_guidance", "sd_guidance_scale"];
    private static readonly string[] ImageNames = ["image_id", "case_number", "coco_id"];
    private static readonly string[] PromptNames = ["prompt"];
    private static readonly string[] ClassNames = ["class"];
    private static readonly string[] ArtistNames = ["artist"];
    private static readonly string[] StyleNames = ["style"];

    /// <summary>Reads a file.</summary>
    /// <exception cref="PromptSetException">The file is missing or a row is wrong.</exception>
    public static IReadOnlyList<EvaluationPrompt> Load(string path)
    {
        if (!File.Exists(path))
            throw new PromptSetException($"The prompt set {path} does not exist.");
        using var reader = new StreamReader(path);
        return Read(reader);
    }

    /// <summary>Reads CSV text.</summary>
    /// <exception cref="PromptSetException">A column is missing, or a row is wrong; the message names the row, the first below the header being 1.</exception>
    public static IReadOnlyList<EvaluationPrompt> Read(TextReader text)
    {
        var options = CsvReaderOptions.Default with
        {
            Separator = ',',
            TrimWhitespace = true,
            MalformedData = CsvMalformedDataHandling.Throw,
            MaxRecordSize = 1 << 20,
        };
        using var csv = CsvReader.Create(text, options);
        try
        {
            RequireColumns(csv);
            var prompts = new List<EvaluationPrompt>();
            while (csv.Read())
            {
                if (prompts.Count == LargestSet)
                    throw new PromptSetException($"The prompt set has more than {LargestSet} rows.");
                prompts.Add(ReadRow(csv));
            }

            return prompts.Count > 0 ? prompts : throw new PromptSetException("The prompt set has a header but no rows.");
        }
        catch (CsvFormatException e)
        {
            throw new PromptSetException($"The prompt set is malformed: {e.Message}", e);
        }
    }

    /// <summary>Writes a set in the form that <see cref="Load"/> reads.</summary>
    public static void Save(string path, IEnumerable<EvaluationPrompt> prompts)
    {
        using var csv = CsvWriter.ToFile(path, CsvWriterOptions.Default with { NewLine = "\n" });
        csv.WriteRecord("prompt", "evaluation_seed", "class", "artist", "style", "image_id", "guidance");
        foreach (var p in prompts)
        {
            csv.WriteRecord(
                p.Prompt,
                p.Seed.ToString(CultureInfo.InvariantCulture),
                p.Class ?? "",
                p.Artist ?? "",
                p.Style ?? "",
                p.ImageId ?? "",
                p.Guidance?.ToString(CultureInfo.InvariantCulture) ?? "");
        }
    }

    private static void RequireColumns(CsvReader csv)
    {
        foreach (var names in new[] { PromptNames, SeedNames })
        {
            if (!Array.Exists(names, name => csv.TryGetFieldIndex(name, out _)))
                throw new PromptSetException($"The prompt set has no column '{names[0]}'; found: {string.Join(", ", csv.Headers)}.");
        }
    }

    private static EvaluationPrompt ReadRow(CsvReader csv)
    {
        var row = csv.RowNumber;
        var prompt = Field(csv, PromptNames) ?? throw new PromptSetException($"Row {row}: the prompt is empty.");
        if (prompt.Length > LongestPrompt)
            throw new PromptSetException($"Row {row}: the prompt has {prompt.Length} characters; at most {LongestPrompt} are accepted.");
        return new(prompt, Seed(csv, row), Field(csv, ClassNames), Field(csv, ArtistNames), Field(csv, StyleNames), Field(csv, ImageNames), Guidance(csv, row));
    }

    // Tables saved by pandas may hold integers as 42.0.
    private static long Seed(CsvReader csv, long row)
    {
        var text = Field(csv, SeedNames);
        if (text is not null && text.EndsWith(".0", StringComparison.Ordinal))
            text = text[..^2];
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seed) && seed >= 0
            ? seed
            : throw new PromptSetException($"Row {row}: evaluation_seed is '{text}'; expected a whole number from 0.");
    }

    private static double? Guidance(CsvReader csv, long row)
    {
        if (Field(csv, GuidanceNames) is not { } text)
            return null;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var guidance) && guidance is >= 0 and <= 100
            ? guidance
            : throw new PromptSetException($"Row {row}: guidance is '{text}'; expected a number from 0 to 100.");
    }

    private static string? Field(CsvReader csv, string[] names)
    {
        foreach (var name in names)
        {
            if (csv.TryGetFieldIndex(name, out var index) && csv.GetString(index) is { } value && !string.IsNullOrWhiteSpace(value))
                return value;
        }

        return null;
    }
}
