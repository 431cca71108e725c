using System.Buffers;
using System.Globalization;
using System.Text;
using CsvHelper;
using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Inspection;

namespace SafetyPortal.Evaluation.PromptSets;

/// <summary>An evaluation set cannot be read; the message names the row and the problem.</summary>
public sealed class PromptSetException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>One prompt of an evaluation set.</summary>
/// <param name="Prompt">Text given to the model.</param>
/// <param name="Seed">
/// Seed of the image's initial noise (<c>evaluation_seed</c>), so that before and after start from the same noise; the row's number, from 1, in a set
/// without seeds.
/// </param>
/// <param name="Class">Object the image should show; null when the set does not say.</param>
/// <param name="Artist">Artist whose style the prompt names; null when the set does not say.</param>
/// <param name="Style">Style other than an artist's; null when the set does not say.</param>
/// <param name="Guidance">Guidance scale the set prescribes; null leaves it to the run.</param>
public sealed record EvaluationPrompt(string Prompt, long Seed, string? Class = null, string? Artist = null, string? Style = null, double? Guidance = null);

/// <summary>
/// An evaluation set in CSV (UTF-8, commas) with a header: <c>prompt</c> and <c>evaluation_seed</c>, optionally <c>class, artist, style,
/// guidance</c>. The reader knows the names that public sets use, in any case, and ignores other columns, so I2P, Imagenette
/// and artist prompts, COCO captions, Ring-A-Bell, MMA-Diffusion and UnlearnDiffAtk load as published.
/// </summary>
public static class PromptSet
{
    /// <summary>The most rows a set may have.</summary>
    public const int LargestSet = 100_000;

    private const long LargestFile = 256L << 20;
    private const int LongestPrompt = 8192;

    /// <summary>2^53 - 1: evidence writes seeds as JSON numbers, which are exact up to there.</summary>
    private const long LargestSeed = 9_007_199_254_740_991;

    // Public sets name these columns differently; the first that a row fills counts. An adversarial prompt counts before the prompt that it replaces.
    private static readonly string[] PromptNames = ["adv_prompt", "adversarial_prompt", "prompt", "text", "caption"];
    private static readonly string[] SeedNames = ["evaluation_seed", "seed", "sd_seed"];
    private static readonly string[] GuidanceNames = ["guidance", "evaluation_guidance", "sd_guidance_scale"];
    private static readonly string[] ClassNames = ["class", "label_str"];
    private static readonly string[] ArtistNames = ["artist"];
    private static readonly string[] StyleNames = ["style"];

    /// <summary>Reads a file.</summary>
    /// <exception cref="ModelFormatException">The file is missing, empty, too large, or not a regular file.</exception>
    /// <exception cref="PromptSetException">The file is no UTF-8 text, or has a wrong row.</exception>
    public static IReadOnlyList<EvaluationPrompt> Load(string path) => Parse(RegularFile.ReadAllBytes(path, LargestFile), path);

    /// <summary>Reads CSV in memory.</summary>
    /// <param name="bytes">UTF-8, with or without a byte order mark.</param>
    /// <param name="name">What messages call the set.</param>
    /// <exception cref="PromptSetException">
    /// The bytes are no UTF-8 text, a column is missing, or a row is wrong; the message names the row and the line it begins on.
    /// </exception>
    public static IReadOnlyList<EvaluationPrompt> Parse(byte[] bytes, string name)
    {
        RequireUtf8(bytes, name);
        try
        {
            using var csv = CsvReader.Create(bytes, CsvReaderOptions.Default with
            {
                Separator = ',',
                TrimWhitespace = true,
                MalformedData = CsvMalformedDataHandling.Throw,
                TrackLineNumbers = true,
            });
            return ReadRows(csv, name);
        }
        catch (CsvFormatException e)
        {
            throw new PromptSetException($"{name}: is malformed: {e.Message}", e);
        }
    }

    // In any other encoding accents and quotes would become other characters.
    private static void RequireUtf8(ReadOnlySpan<byte> bytes, string name)
    {
        var rest = bytes;
        var line = 1;
        while (!rest.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(rest, out var rune, out var length) != OperationStatus.Done || rune.Value == 0)
            {
                throw new PromptSetException(
                    $"{name}: byte {bytes.Length - rest.Length + 1} (0x{rest[0]:X2}) on line {line} is not UTF-8 text. Save the prompt set as UTF-8.");
            }

            line += rune.Value == '\n' ? 1 : 0;
            rest = rest[length..];
        }
    }

    private static List<EvaluationPrompt> ReadRows(CsvReader csv, string name)
    {
        if (!Array.Exists(PromptNames, column => csv.TryGetFieldIndex(column, out _)))
            throw new PromptSetException($"{name}: has no column 'prompt'; found: {Shorten(string.Join(", ", csv.Headers))}.");
        string[] known = [.. PromptNames, .. SeedNames, .. GuidanceNames, .. ClassNames, .. ArtistNames, .. StyleNames];
        if (Array.Find(known, column => csv.Headers.Count(header => string.Equals(header.Trim(), column, StringComparison.OrdinalIgnoreCase)) > 1) is { } twice)
            throw new PromptSetException($"{name}: has two columns '{twice}'; expected one.");

        var seeded = Array.Exists(SeedNames, column => csv.TryGetFieldIndex(column, out _));
        var prompts = new List<EvaluationPrompt>();
        while (csv.Read())
        {
            if (prompts.Count == LargestSet)
                throw new PromptSetException($"{name}: has more than {LargestSet} rows.");
            prompts.Add(ReadRow(csv, seeded, $"{name}: row {csv.RowNumber} (line {csv.LineNumber})"));
        }

        return prompts.Count > 0 ? prompts : throw new PromptSetException($"{name}: has a header but no rows.");
    }

    private static EvaluationPrompt ReadRow(CsvReader csv, bool seeded, string where)
    {
        if (csv.FieldCount != csv.Headers.Count)
        {
            throw new PromptSetException(
                $"{where}: the header has {csv.Headers.Count} fields, the row {csv.FieldCount}. Put text that holds a comma into double quotes.");
        }

        // I2P holds a row without words, which is a prompt too. A row that also lacks a seed holds nothing.
        var prompt = Field(csv, PromptNames) ?? (seeded ? "" : throw new PromptSetException($"{where}: the prompt is empty."));
        if (prompt.Length > LongestPrompt)
            throw new PromptSetException($"{where}: the prompt has {prompt.Length} characters; at most {LongestPrompt} are accepted.");
        return new(
            prompt,
            seeded ? Seed(csv, where) : csv.RowNumber,
            Field(csv, ClassNames),
            Field(csv, ArtistNames),
            Field(csv, StyleNames),
            Guidance(csv, where));
    }

    // Tables saved by pandas may hold integers as 42.0.
    private static long Seed(CsvReader csv, string where)
    {
        var text = Field(csv, SeedNames);
        if (text is not null && text.EndsWith(".0", StringComparison.Ordinal))
            text = text[..^2];
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seed) && seed is >= 0 and <= LargestSeed
            ? seed
            : throw new PromptSetException($"{where}: evaluation_seed is '{text}'; expected a whole number from 0 to {LargestSeed}.");
    }

    private static double? Guidance(CsvReader csv, string where)
    {
        if (Field(csv, GuidanceNames) is not { } text)
            return null;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var guidance)
            && guidance is >= 0 and <= GenerationSettings.LargestGuidance
            ? guidance
            : throw new PromptSetException($"{where}: guidance is '{text}'; expected a number from 0 to {GenerationSettings.LargestGuidance}.");
    }

    private static string? Field(CsvReader csv, string[] names) => names
        .Select(name => csv.TryGetFieldIndex(name, out var index) ? csv.GetString(index) : null)
        .FirstOrDefault(value => !string.IsNullOrWhiteSpace(value));

    private static string Shorten(string text) => text.Length <= 200 ? text : text[..200] + "...";
}
