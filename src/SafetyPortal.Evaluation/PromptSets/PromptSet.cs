using System.Globalization;
using CsvHelper;

namespace SafetyPortal.Evaluation.PromptSets;

/// <summary>
/// An evaluation set in CSV with a header: <c>prompt</c> and <c>evaluation_seed</c>, optionally <c>class, artist, style, image_id,
/// guidance, categories</c>. Names are matched without regard to case, each under those that public sets use; other columns are ignored, so
/// that I2P, Imagenette and artist prompts, COCO captions, Ring-A-Bell, MMA-Diffusion and UnlearnDiffAtk load as published.
/// </summary>
public static class PromptSet
{
    /// <summary>Most rows of a set that <see cref="Load"/> or <see cref="Read"/> takes; <see cref="Stream(string)"/> reads longer ones.</summary>
    public const int LargestSet = 100_000;

    private const int LongestPrompt = 8192;

    // I2P has a row with 255.
    private const double LargestGuidance = 1000;

    // Public sets name these columns differently; the first that a row fills counts. An adversarial prompt counts before the prompt that it replaces.
    private static readonly string[] PromptNames = ["adv_prompt", "adversarial_prompt", "prompt", "text", "caption"];
    private static readonly string[] SeedNames = ["evaluation_seed", "seed", "sd_seed"];
    private static readonly string[] GuidanceNames = ["guidance", "evaluation_guidance", "sd_guidance_scale"];
    private static readonly string[] ImageNames = ["image_id", "coco_id", "case_number"];
    private static readonly string[] ClassNames = ["class", "label_str"];
    private static readonly string[] ArtistNames = ["artist"];
    private static readonly string[] StyleNames = ["style"];
    private static readonly string[] CategoryNames = ["categories", "category"];

    /// <summary>Reads a file.</summary>
    /// <exception cref="PromptSetException">The file is missing or a row is wrong.</exception>
    public static IReadOnlyList<EvaluationPrompt> Load(string path) => Whole(Stream(path));

    /// <summary>Reads CSV text.</summary>
    /// <exception cref="PromptSetException">A column is missing, or a row is wrong; the message names the row and the line it ends on.</exception>
    public static IReadOnlyList<EvaluationPrompt> Read(TextReader text) => Whole(Stream(text));

    /// <summary>Reads a file of any length row by row; only the current row is in memory.</summary>
    /// <exception cref="PromptSetException">While enumerating: the file is missing or a row is wrong.</exception>
    public static IEnumerable<EvaluationPrompt> Stream(string path)
    {
        if (!File.Exists(path))
            throw new PromptSetException($"The prompt set {path} does not exist.");
        using var reader = new StreamReader(path);
        foreach (var prompt in Stream(reader))
            yield return prompt;
    }

    /// <summary>Reads CSV text row by row.</summary>
    /// <exception cref="PromptSetException">While enumerating: a column is missing, or a row is wrong.</exception>
    public static IEnumerable<EvaluationPrompt> Stream(TextReader text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Peek() == '\uFEFF')
            _ = text.Read(); // a byte order mark that the reader did not skip
        var options = CsvReaderOptions.Default with
        {
            Separator = ',',
            TrimWhitespace = true,
            MalformedData = CsvMalformedDataHandling.Throw,
            MaxRecordSize = 1 << 20,
            TrackLineNumbers = true,
        };
        using var csv = CsvReader.Create(text, options);
        var seeded = Checked(() => RequirePrompts(csv));
        while (Checked(csv.Read))
            yield return Checked(() => ReadRow(csv, seeded));
    }

    private static T Checked<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (CsvFormatException e)
        {
            throw new PromptSetException($"The prompt set is malformed: {e.Message}", e);
        }
    }

    private static List<EvaluationPrompt> Whole(IEnumerable<EvaluationPrompt> rows)
    {
        var prompts = new List<EvaluationPrompt>();
        foreach (var prompt in rows)
        {
            if (prompts.Count == LargestSet)
                throw new PromptSetException($"The prompt set has more than {LargestSet} rows.");
            prompts.Add(prompt);
        }

        return prompts.Count > 0 ? prompts : throw new PromptSetException("The prompt set has a header but no rows.");
    }

    /// <summary>Writes a set in the form that <see cref="Load"/> reads.</summary>
    public static void Save(string path, IEnumerable<EvaluationPrompt> prompts)
    {
        using var csv = CsvWriter.ToFile(path, CsvWriterOptions.Default with { NewLine = "\n" });
        csv.WriteRecord("prompt", "evaluation_seed", "class", "artist", "style", "image_id", "guidance", "categories");
        foreach (var p in prompts)
        {
            csv.WriteRecord(
                p.Prompt,
                p.Seed.ToString(CultureInfo.InvariantCulture),
                p.Class ?? "",
                p.Artist ?? "",
                p.Style ?? "",
                p.ImageId ?? "",
                p.Guidance?.ToString(CultureInfo.InvariantCulture) ?? "",
                p.Categories ?? "");
        }
    }

    // Whether the set has seeds of its own.
    private static bool RequirePrompts(CsvReader csv)
    {
        if (!Array.Exists(PromptNames, name => csv.TryGetFieldIndex(name, out _)))
            throw new PromptSetException($"The prompt set has no column 'prompt'; found: {string.Join(", ", csv.Headers)}.");
        return Array.Exists(SeedNames, name => csv.TryGetFieldIndex(name, out _));
    }

    private static EvaluationPrompt ReadRow(CsvReader csv, bool seeded)
    {
        var row = csv.RowNumber;
        var where = $"Row {row} (line {csv.LineNumber})";
        // I2P has a row with an empty prompt and a seed. A row without prompt and seed is empty.
        var prompt = Field(csv, PromptNames) ?? (seeded ? "" : throw new PromptSetException($"{where}: the prompt is empty."));
        if (prompt.Length > LongestPrompt)
            throw new PromptSetException($"{where}: the prompt has {prompt.Length} characters; at most {LongestPrompt} are accepted.");
        return new(
            prompt,
            seeded ? Seed(csv, where) : row,
            Field(csv, ClassNames),
            Field(csv, ArtistNames),
            Field(csv, StyleNames),
            Field(csv, ImageNames),
            Guidance(csv, where),
            Field(csv, CategoryNames));
    }

    // Tables saved by pandas may hold integers as 42.0.
    private static long Seed(CsvReader csv, string where)
    {
        var text = Field(csv, SeedNames);
        if (text is not null && text.EndsWith(".0", StringComparison.Ordinal))
            text = text[..^2];
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seed) && seed >= 0
            ? seed
            : throw new PromptSetException($"{where}: evaluation_seed is '{text}'; expected a whole number from 0.");
    }

    private static double? Guidance(CsvReader csv, string where)
    {
        if (Field(csv, GuidanceNames) is not { } text)
            return null;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var guidance) && guidance is >= 0 and <= LargestGuidance
            ? guidance
            : throw new PromptSetException($"{where}: guidance is '{text}'; expected a number from 0 to {LargestGuidance}.");
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
