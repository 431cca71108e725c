using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Images;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.Traces;

/// <summary>Where the model attends to one word of an image's prompt.</summary>
/// <param name="Word">As the vocabulary spells it.</param>
/// <param name="Positions">Its tokens' positions in the prompt.</param>
/// <param name="Map">Share of each place's attention, 0 to 1, of the latent's size.</param>
public sealed record WordHeatMap(string Word, IReadOnlyList<int> Positions, HeatMap Map);

/// <summary>An image with a map for every word of its prompt (Tang et al. 2022, arXiv 2210.04885).</summary>
public sealed record WordHeatMaps(Raster Image, IReadOnlyList<WordHeatMap> Words)
{
    /// <summary>Generates the images of some prompts and records attention; sizes are the model's own.</summary>
    /// <param name="pipeline">The model as it is now.</param>
    /// <param name="settings">Prompts, seeds, steps and guidance.</param>
    /// <returns>One per prompt. A prompt without words has no map.</returns>
    public static IReadOnlyList<WordHeatMaps> Draw(
        StableDiffusionPipeline pipeline, GenerationSettings settings, IProgress<StepProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var words = settings.Prompts.SelectMany((prompt, image) => Split(pipeline, prompt).Select(w => (Image: image, w.Word, w.Positions))).ToList();
        var size = pipeline.Unet.Config.SampleSize;
        using var recorder = words.Count == 0
            ? null
            : new AttentionRecorder(pipeline.Unet, settings.Prompts.Count, [.. words.Select(w => new TokenPlaces(w.Image, w.Positions))], size, size);
        var pictures = pipeline.Generate(settings with { Height = null, Width = null }, progress, cancellation);
        var maps = recorder is null ? [] : HeatMap.Of(recorder.Maps(), size);
        var found = words.Zip(maps, (word, map) => (word.Image, Map: new WordHeatMap(word.Word, word.Positions, map))).ToLookup(w => w.Image, w => w.Map);
        return [.. pictures.Select((picture, image) => new WordHeatMaps(picture, [.. found[image]]))];
    }

    // A word may be spelled by several tokens; the blank behind a spelling ends it.
    private static IEnumerable<(string Word, IReadOnlyList<int> Positions)> Split(StableDiffusionPipeline pipeline, string prompt)
    {
        var ids = pipeline.Tokenizer.Encode(prompt);
        var (text, positions) = (string.Empty, new List<int>());
        for (var i = 1; i < ids.Length - 1; i++)
        {
            text += pipeline.Tokenizer.SpellingOf(ids[i]);
            positions.Add(i);
            if (!text.EndsWith(' ') && i < ids.Length - 2)
                continue;
            yield return (text.Trim(), positions);
            (text, positions) = (string.Empty, []);
        }
    }
}
