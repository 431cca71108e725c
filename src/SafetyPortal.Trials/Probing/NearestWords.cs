using SafetyPortal.Diffusion;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Trials.Probing;

/// <summary>Words of the vocabulary that the text encoders embed like another word: synonyms that no list has.</summary>
public static class NearestWords
{
    private const int ShortList = 48;

    // Below this the sentences of two words differ as much as those of two objects do.
    private const double Alike = 0.8;

    /// <summary>Returns at most <paramref name="count"/> words, the closest first; none when the vocabulary has no word close enough.</summary>
    public static IReadOnlyList<string> Of(StableDiffusionPipeline pipeline, string word, int count)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var tokenizer = pipeline.Tokenizer;
        var spelled = tokenizer.Spellings()
            .Where(w => w.Text.Length > 3 && w.Text[^1] == ' ' && w.Text.AsSpan(0, w.Text.Length - 1).IndexOfAnyExceptInRange('a', 'z') < 0)
            .Where(w => !string.Equals(w.Text.Trim(), word, StringComparison.OrdinalIgnoreCase))
            .ToList();
        if (spelled.Count == 0)
            return [];

        // The embedding table says roughly which words are alike; the slow encoder compares only those. Two encoders have equal weight.
        var ids = tensor(tokenizer.Encode(word)[1..^1], device: pipeline.Device).unsqueeze(0);
        var all = tensor(spelled.Select(w => w.Id).ToArray(), device: pipeline.Device).unsqueeze(1);
        var likeness = pipeline.TextEncoders
            .Select(e =>
            {
                var rows = e.Encoder.Tokens(all).squeeze(1); // [V, C]
                return nn.functional.cosine_similarity(rows, e.Encoder.Tokens(ids).mean([1L]).expand_as(rows));
            })
            .Aggregate((a, b) => a + b); // [V]
        var (_, order) = likeness.topk(Math.Min(ShortList, spelled.Count), 0);
        var shortList = order.cpu().data<long>().ToArray().Select(i => spelled[(int)i].Text.Trim()).ToList();

        var target = Sentence(pipeline, word);
        return [.. shortList
            .Select(w => (Word: w, Likeness: Sentence(pipeline, w).Zip(target, (a, b) => nn.functional.cosine_similarity(a, b).ToDouble()).Average()))
            .Where(w => w.Likeness >= Alike)
            .OrderByDescending(w => w.Likeness)
            .Take(count)
            .Select(w => w.Word)];
    }

    // [1, C] for each encoder.
    private static List<Tensor> Sentence(StableDiffusionPipeline pipeline, string word) => [.. pipeline.TextEncoders.Select(e =>
    {
        var ids = tensor(e.Tokenizer.EncodePadded($"a picture of a {word}"), device: pipeline.Device).unsqueeze(0);
        return e.Encoder.Pool(e.Encoder.call(ids), ids);
    })];
}
