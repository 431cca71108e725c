using System.Text.Json;
using SafetyPortal.Cli.Output;
using SafetyPortal.Diffusion;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Traces;
using SafetyPortal.Images;
using SafetyPortal.Trials;

namespace SafetyPortal.Cli.Commands;

/// <summary>One map on disk. Shares are of the attention a place pays to the text, 0 to 1.</summary>
internal sealed record HeatMapFile(string Word, IReadOnlyList<int> Positions, string File, double Lowest, double Highest, double Mean);

/// <summary>An image with its maps on disk.</summary>
internal sealed record HeatMapImage(string Prompt, long Seed, string Image, IReadOnlyList<HeatMapFile> Words);

/// <summary>What heatmaps.json holds, with how to read the colours.</summary>
internal sealed record HeatMapFolder(string Scale, IReadOnlyList<HeatMapImage> Images);

/// <summary>Writes the images of an attribution's prompts with a map over them for every word.</summary>
internal static class HeatMapFiles
{
    private const string Scale =
        "Each map has its own scale: grey is its lowest value, yellow its highest. Cross-attention averaged over heads, layers and steps.";

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static HeatMapFolder Write(
        DirectoryInfo folder, StableDiffusionPipeline pipeline, AttributionSettings asked, IProgress<WorkStep> progress, CancellationToken cancellation)
    {
        folder.Create();
        var settings = new GenerationSettings
        {
            Prompts = [.. asked.Prompts.Select(p => p.Concept)],
            Seeds = [.. asked.Prompts.Select((_, i) => asked.Seeds[0] + i)],
            Steps = asked.Steps,
            GuidanceScale = asked.GuidanceScale,
        };
        var drawn = WordHeatMaps.Draw(
            pipeline, settings, new Relay<StepProgress>(p => progress.Report(new WorkStep("heat maps", p.Step, p.Steps))), cancellation);
        var written = new HeatMapFolder(Scale, [.. drawn.Select((maps, i) => new HeatMapImage(
            settings.Prompts[i],
            settings.Seeds[i],
            Save(folder, $"{i:00}-image.png", maps.Image),
            [.. maps.Words.Select((word, k) => new HeatMapFile(
                word.Word,
                word.Positions,
                Save(folder, $"{i:00}-{k:00}-{Slug(word.Word)}.png", word.Map.Over(maps.Image)),
                word.Map.Lowest,
                word.Map.Highest,
                word.Map.Mean))]))]);
        File.WriteAllText(Path.Combine(folder.FullName, "heatmaps.json"), JsonSerializer.Serialize(written, Format));
        return written;
    }

    public static string Describe(HeatMapFolder written) => string.Join('\n', [written.Scale, .. written.Images.SelectMany(image => image.Words
        .Select(word => $"  {word.Word,-16} {word.Lowest:0.0000} to {word.Highest:0.0000}  {word.File}")
        .Prepend($"\"{image.Prompt}\" {image.Image}"))]);

    private static string Save(DirectoryInfo folder, string name, Raster image)
    {
        var path = Path.Combine(folder.FullName, name);
        File.WriteAllBytes(path, ImageCodec.EncodePng(image));
        return path;
    }

    private static string Slug(string word) => string.Concat(word.Take(24).Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-'));
}
