using SafetyPortal.Diffusion;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Worker.Probing;

/// <summary>Words of a text encoder's vocabulary that mean to it what another word means: synonyms nobody thought of.</summary>
public static class NearestWords
{
    private const int ShortList = 48;

    // Below this the sentences of two words differ as much as those of two objects do.
    private const double Alike = 0.8;

    /// <summary>At most <paramref name="count"/> words, the closest first; none when the vocabulary has no word close enough.</summary>
    public static IReadOnlyList<string> Of(StableDiffusionPipeline pipeline, string word, int count)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var tokenizer = pipeline.Tokenizer;
        var spelled = tokenizer.Spellings()
            .Where(w => w.Text.Length > 3 && w.Text[^1] == ' ' && w.Text.AsSpan(0, w.Text.Length - 1).IndexOfAnyExceptInRange('a', 'z') < 0)
            .Where(w => !string.Equals(w.Text.Trim(), word, StringComparison.OrdinalIgnoreCase))
            .ToList();
        if (spelled.Count == 0) return [];

        // The table tells roughly which words are alike; the encoder, which is dear, is asked about those alone.
        var own = pipeline.TextEncoder.Tokens(tensor(tokenizer.Encode(word)[1..^1], device: pipeline.Device).unsqueeze(0)).mean([1L]); // [1, C]
        var rows = pipeline.TextEncoder.Tokens(tensor(spelled.Select(w => w.Id).ToArray(), device: pipeline.Device).unsqueeze(1)).squeeze(1); // [V, C]
        var (_, order) = nn.functional.cosine_similarity(rows, own.expand_as(rows)).topk(Math.Min(ShortList, spelled.Count), 0);
        var shortList = order.cpu().data<long>().ToArray().Select(i => spelled[(int)i].Text.Trim()).ToList();

        var target = Sentence(pipeline, word);
        return [.. shortList
            .Select(w => (Word: w, Likeness: nn.functional.cosine_similarity(Sentence(pipeline, w), target).ToDouble()))
            .Where(w => w.Likeness >= Alike)
            .OrderByDescending(w => w.Likeness)
            .Take(count)
            .Select(w => w.Word)];
    }

    private static Tensor Sentence(StableDiffusionPipeline pipeline, string word)
    {
        var ids = tensor(pipeline.Tokenizer.EncodePadded($"a picture of a {word}"), device: pipeline.Device).unsqueeze(0);
        return pipeline.TextEncoder.Pool(pipeline.TextEncoder.call(ids), ids); // [1, C]
    }
}
