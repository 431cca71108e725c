using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.RedTeam;

/// <summary>A prompt as token ids with one place kept for a token that is in no vocabulary.</summary>
/// <param name="Ids">[1, T]; the id at the place is a filler.</param>
/// <param name="Position">The place.</param>
/// <param name="Replaced">Ids of the concept's word that stood there; empty when the prompt had none.</param>
internal sealed record PromptTokens(long[] Ids, int Position, IReadOnlyList<long> Replaced)
{
    /// <summary>Puts the place where the concept's word stands, or at the end of the text.</summary>
    public static PromptTokens Of(ProbeSubject subject, string text)
    {
        var tokenizer = subject.Pipeline.Tokenizer;
        var ids = tokenizer.Encode(text);
        foreach (var word in subject.Concept.Words)
        {
            var wanted = tokenizer.Encode(word)[1..^1];
            var at = wanted.Length == 0 ? -1 : ids.AsSpan().IndexOf(wanted);
            if (at < 0) continue;
            return new PromptTokens(Padded(subject, [.. ids[..at], wanted[0], .. ids[(at + wanted.Length)..]]), at, wanted);
        }

        var end = Math.Min(ids.Length - 1, tokenizer.ModelMaxLength - 2);
        return new PromptTokens(Padded(subject, [.. ids[..end], tokenizer.PadId, tokenizer.EosId]), end, []);
    }

    /// <summary>Positions of the concept's word in a prompt; those of all its words when it has none.</summary>
    public static IReadOnlyList<int> PositionsIn(ProbeSubject subject, string text)
    {
        var place = Of(subject, text);
        if (place.Replaced.Count > 0) return [.. Enumerable.Range(place.Position, place.Replaced.Count)];
        var last = subject.Pipeline.Tokenizer.Encode(text).Length - 1;
        return [.. Enumerable.Range(1, Math.Max(1, last - 1))];
    }

    /// <summary>Ids [1, T] of the prompt behind a prefix; its end is cut off when both are too long.</summary>
    public static Tensor WithPrefix(ProbeSubject subject, IReadOnlyList<long> prefix, string text)
    {
        var tokenizer = subject.Pipeline.Tokenizer;
        var ids = tokenizer.Encode(text);
        var body = ids[1..^1].Take(tokenizer.ModelMaxLength - 2 - prefix.Count);
        return tensor(Padded(subject, [tokenizer.BosId, .. prefix, .. body, tokenizer.EosId]), device: subject.Pipeline.Device).unsqueeze(0);
    }

    /// <summary>Root mean square of the embedding table's entries: the unit in which a learned token moves.</summary>
    public static double TableScale(ProbeSubject subject)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var ids = subject.Pipeline.Tokenizer.PlainIds();
        var sample = ids.Where((_, i) => i % Math.Max(1, ids.Count / 512) == 0).ToArray();
        return subject.Pipeline.TextEncoder.Tokens(tensor(sample, device: subject.Pipeline.Device).unsqueeze(1)).square().mean().sqrt().ToDouble();
    }

    /// <summary>Where a learned token starts: the mean embedding of the concept's own word, or of the prompt when it has none. [1, C]</summary>
    public Tensor Start(ProbeSubject subject)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var from = Replaced.Count > 0 ? Replaced.ToArray() : Ids;
        return subject.Pipeline.TextEncoder.Tokens(tensor(from, device: subject.Pipeline.Device).unsqueeze(0)).mean([1L]).MoveToOuterDisposeScope();
    }

    /// <summary>The text condition [1, T, D] with <paramref name="token"/> [1, C] in its place; carries its gradient.</summary>
    public Tensor Encode(ProbeSubject subject, Tensor token)
    {
        using var scope = NewDisposeScope();
        var rows = subject.Pipeline.TextEncoder.Tokens(tensor(Ids, device: subject.Pipeline.Device).unsqueeze(0)).detach(); // [1, T, C]
        var length = rows.size(1);
        var with = cat([rows.narrow(1, 0, Position), token.unsqueeze(0), rows.narrow(1, Position + 1, length - Position - 1)], 1);
        return subject.Pipeline.TextEncoder.FromTokens(with).MoveToOuterDisposeScope();
    }

    private static long[] Padded(ProbeSubject subject, long[] ids)
    {
        var padded = new long[subject.Pipeline.Tokenizer.ModelMaxLength];
        Array.Fill(padded, subject.Pipeline.Tokenizer.PadId);
        ids.CopyTo(padded, 0);
        return padded;
    }
}
