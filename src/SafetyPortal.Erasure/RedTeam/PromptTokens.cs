using SafetyPortal.Diffusion;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.RedTeam;

/// <summary>A prompt as token ids, with one place for a token that is in no vocabulary.</summary>
/// <param name="Ids">With begin and end; the id at the place is a filler.</param>
/// <param name="Position">The place.</param>
/// <param name="Replaced">Ids of the concept's word at that place; empty when the prompt had none.</param>
internal sealed record PromptTokens(long[] Ids, int Position, IReadOnlyList<long> Replaced)
{
    /// <summary>Puts the place at the concept's word, or at the end of the text.</summary>
    public static PromptTokens Of(ProbeSubject subject, string text)
    {
        var tokenizer = subject.Pipeline.Tokenizer;
        var ids = Encode(subject.Pipeline, text);
        foreach (var word in subject.Concept.Words)
        {
            var wanted = Encode(subject.Pipeline, word)[1..^1];
            var at = wanted.Length == 0 ? -1 : ids.AsSpan().IndexOf(wanted);
            if (at >= 0)
                return new PromptTokens([.. ids[..at], wanted[0], .. ids[(at + wanted.Length)..]], at, wanted);
        }

        // An end token as filler would end the text there for encoders that pool it.
        var end = Math.Min(ids.Length - 1, tokenizer.ModelMaxLength - 2);
        return new PromptTokens([.. ids[..end], tokenizer.BosId, tokenizer.EosId], end, []);
    }

    /// <summary>Positions of the concept's word in a prompt; those of all its words when it has none.</summary>
    public static IReadOnlyList<int> PositionsIn(ProbeSubject subject, string text)
    {
        var place = Of(subject, text);
        if (place.Replaced.Count > 0)
            return [.. Enumerable.Range(place.Position, place.Replaced.Count)];
        var last = subject.Pipeline.Tokenizer.Encode(text).Length - 1;
        return [.. Enumerable.Range(1, Math.Max(1, last - 1))];
    }

    /// <summary>Ids of the prompt behind a prefix; its end is cut off when both are too long.</summary>
    public static long[] WithPrefix(ProbeSubject subject, IReadOnlyList<long> prefix, string text)
    {
        var tokenizer = subject.Pipeline.Tokenizer;
        var body = Encode(subject.Pipeline, text)[1..^1].Take(tokenizer.ModelMaxLength - 2 - prefix.Count);
        return [tokenizer.BosId, .. prefix, .. body, tokenizer.EosId];
    }

    /// <summary>Ids that every vocabulary of the model has, without special tokens.</summary>
    public static IReadOnlyList<long> Vocabulary(StableDiffusionPipeline pipeline) => pipeline.Second is { } second
        ? [.. pipeline.Tokenizer.PlainIds().Intersect(second.Tokenizer.PlainIds())]
        : pipeline.Tokenizer.PlainIds();

    /// <summary>For each text encoder the embeddings of some ids, [ids, C].</summary>
    public static IReadOnlyList<Tensor> Tables(StableDiffusionPipeline pipeline, IReadOnlyList<long> ids)
    {
        using var scope = NewDisposeScope();
        var column = tensor(ids.ToArray(), device: pipeline.Device).unsqueeze(1);
        return [.. pipeline.TextEncoders.Select(e => e.Encoder.Tokens(column).squeeze(1).detach().MoveToOuterDisposeScope())];
    }

    /// <summary>For each text encoder the root mean square of its embedding table's entries: the unit in which a learned token moves.</summary>
    public static IReadOnlyList<double> TableScales(ProbeSubject subject)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var ids = Vocabulary(subject.Pipeline);
        var some = ids.Where((_, i) => i % Math.Max(1, ids.Count / 512) == 0).ToList();
        return [.. Tables(subject.Pipeline, some).Select(table => table.square().mean().sqrt().ToDouble())];
    }

    /// <summary>
    /// Where a learned token starts: for each text encoder the mean embedding of the concept's own word, or of the prompt when it has none. [1, C]
    /// </summary>
    public IReadOnlyList<Tensor> Starts(ProbeSubject subject)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var from = tensor(Replaced.Count > 0 ? Replaced.ToArray() : Ids, device: subject.Pipeline.Device).unsqueeze(0);
        return [.. subject.Pipeline.TextEncoders.Select(e => e.Encoder.Tokens(from).mean([1L]).MoveToOuterDisposeScope())];
    }

    /// <summary>The text condition [1, T, D] with <paramref name="tokens"/>, [1, C] for each text encoder, in its place; carries their gradient.</summary>
    public Tensor Encode(ProbeSubject subject, IReadOnlyList<Tensor> tokens)
    {
        using var scope = NewDisposeScope();
        var placed = subject.Pipeline.Tokens([Ids]).Zip(tokens, (encoder, token) =>
        {
            var (rows, after) = (encoder.Rows.detach(), Position + 1); // [1, T, C]
            return encoder with { Rows = cat([rows.narrow(1, 0, Position), token.unsqueeze(0), rows.narrow(1, after, rows.size(1) - after)], 1) };
        });
        return subject.Pipeline.EncodeTokens([.. placed]).MoveToOuterDisposeScope();
    }

    // Both encoders of XL share one list of ids; their published tokenizers differ in padding alone.
    private static long[] Encode(StableDiffusionPipeline pipeline, string text)
    {
        var ids = pipeline.Tokenizer.Encode(text);
        return pipeline.Second is not { } second || second.Tokenizer.Encode(text).AsSpan().SequenceEqual(ids)
            ? ids
            : throw new InvalidDataException(
                $"Expected tokenizer and tokenizer_2 to give \"{text}\" the same ids; they differ, but probes learn and search tokens in a common vocabulary.");
    }
}
