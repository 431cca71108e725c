using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Tokenizer;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion;

// From prompts to what the UNet is conditioned on.
public sealed partial class StableDiffusionPipeline
{
    /// <summary>
    /// Returns the text conditions: last hidden states [B, T, D] of the padded prompts. Of Stable Diffusion XL: the hidden states before the last layer
    /// of both encoders side by side, and behind them the rows of <see cref="Unet.AddedConditions"/>. Each prompt is encoded by itself, so that its
    /// embedding does not depend on the others.
    /// </summary>
    /// <param name="prompts">The empty one means no condition.</param>
    /// <param name="height">Image height in pixels, a condition of XL; null is the model's own.</param>
    /// <param name="width">Image width in pixels, likewise.</param>
    /// <exception cref="ArgumentException">A prompt is too long to be tokenized.</exception>
    public Tensor EncodePrompts(IReadOnlyList<string> prompts, int? height = null, int? width = null)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var encoded = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var prompt in prompts.Distinct(StringComparer.Ordinal))
        {
            encoded[prompt] = Second is { } second
                ? EncodeForXl(prompt, second, height ?? DefaultSize, width ?? DefaultSize)
                : TextEncoder.call(Ids(Tokenizer, prompt)); // [1, T, D]
        }

        return Overflow.Refuse(cat([.. prompts.Select(p => encoded[p])]), () => "the text encoder").MoveToOuterDisposeScope(); // [B, T, D]
    }

    /// <summary>The text encoders, each with its tokenizer: one, or the two of XL in their order.</summary>
    public IReadOnlyList<(ClipTokenizer Tokenizer, ClipTextModel Encoder)> TextEncoders =>
        Second is { } second ? [(Tokenizer, TextEncoder), (second.Tokenizer, second.Encoder)] : [(Tokenizer, TextEncoder)];

    /// <summary>Returns the words at the end of a prompt that a text encoder does not read, in lower case; null if both read all of it.</summary>
    /// <exception cref="ArgumentException">The prompt is too long to be tokenized.</exception>
    public string? CutOff(string prompt) => TextEncoders.Select(e => e.Tokenizer.CutOff(prompt)).FirstOrDefault(cut => cut is not null);

    /// <summary>Returns what <see cref="CutOff"/> finds, as a sentence; null if the prompt is read whole.</summary>
    public string? CutOffProblem(string prompt) => CutOff(prompt) is { } cut
        ? $"The text encoder reads {Tokenizer.ModelMaxLength} tokens of a prompt. Of \"{Shorten(prompt)}\" it does not read the end: \"{Shorten(cut)}\"."
        : null;

    /// <exception cref="ArgumentException">A text encoder does not read the end of a prompt; the message names the first such prompt and the words.</exception>
    public void RequireWhole(IEnumerable<string> prompts)
    {
        if (prompts.Select(CutOffProblem).FirstOrDefault(problem => problem is not null) is { } problem)
            throw new ArgumentException($"{problem} Shorten the prompt.", nameof(prompts));
    }

    /// <summary>Returns prompts as each text encoder takes them in: one entry per encoder, padded as its tokenizer pads.</summary>
    /// <param name="prompts">Token ids with begin and end, at most as many as a prompt may have; of XL the ids of both vocabularies.</param>
    public IReadOnlyList<TokenRows> Tokens(IReadOnlyList<long[]> prompts)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        return [.. TextEncoders.Select(e =>
        {
            var length = e.Tokenizer.ModelMaxLength;
            var padded = prompts.SelectMany(ids => ids.Concat(Enumerable.Repeat(e.Tokenizer.PadId, length - ids.Length))).ToArray();
            var ids = tensor(padded, [prompts.Count, length], device: Device); // [B, T]
            return new TokenRows(ids, e.Encoder.Tokens(ids));
        })];
    }

    /// <summary>
    /// Computes <see cref="EncodePrompts"/> for token embeddings that need not be rows of the tables; carries their gradient. The size is the model's
    /// own.
    /// </summary>
    /// <param name="tokens">One entry per text encoder, as <see cref="Tokens"/> gives them.</param>
    public Tensor EncodeTokens(IReadOnlyList<TokenRows> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        using var scope = NewDisposeScope();
        if (Second is not { } second)
            return TextEncoder.FromTokens(tokens[0].Rows).MoveToOuterDisposeScope(); // [B, T, D]
        var (text, pooled) = Both(tokens, second);
        return Pack(text, pooled, DefaultSize, DefaultSize).MoveToOuterDisposeScope();
    }

    private static string Shorten(string text) => text.Length <= 200 ? text : text[..200] + "...";

    private Tensor EncodeForXl(string prompt, SecondTextEncoder second, int height, int width)
    {
        using var scope = NewDisposeScope();
        var (text, pooled) = second.ZerosForEmptyPrompt && prompt.Length == 0
            ? Zeros(second)
            : Both([Rows(Tokenizer, TextEncoder, prompt), Rows(second.Tokenizer, second.Encoder, prompt)], second);
        return Pack(text, pooled, height, width).MoveToOuterDisposeScope();
    }

    // The conditions of an image that is neither scaled nor cropped.
    private Tensor Pack(Tensor text, Tensor pooled, int height, int width) => Unet.Config.Added!.Pack(text, pooled, [height, width, 0, 0, height, width]);

    private (Tensor Text, Tensor Pooled) Both(IReadOnlyList<TokenRows> tokens, SecondTextEncoder second)
    {
        var (first, _) = TextEncoder.EncodePenultimate(tokens[0].Rows, tokens[0].Ids); // [B, T, D1]
        var (other, pooled) = second.Encoder.EncodePenultimate(tokens[1].Rows, tokens[1].Ids); // [B, T, D2], [B, pooled]
        return (cat([first, other], -1), pooled!);
    }

    private TokenRows Rows(ClipTokenizer tokenizer, ClipTextModel encoder, string prompt)
    {
        var ids = Ids(tokenizer, prompt);
        return new TokenRows(ids, encoder.Tokens(ids));
    }

    private (Tensor Text, Tensor Pooled) Zeros(SecondTextEncoder second) =>
        (zeros([1, Tokenizer.ModelMaxLength, Unet.Config.CrossAttentionDim[0]], dtype: Dtype, device: Device),
            zeros([1, second.Encoder.Config.ProjectionDim], dtype: Dtype, device: Device));

    private Tensor Ids(ClipTokenizer tokenizer, string prompt) => tensor(tokenizer.EncodePadded(prompt), device: Device).unsqueeze(0); // [1, T]
}

/// <summary>Prompts as one text encoder takes them in.</summary>
/// <param name="Ids">[B, T], padded.</param>
/// <param name="Rows">Token embeddings, without positions, [B, T, C].</param>
public sealed record TokenRows(Tensor Ids, Tensor Rows);

/// <summary>The parts that Stable Diffusion XL adds to those of the earlier models.</summary>
/// <param name="Encoder">With projection. Its hidden states and its pooled output condition the UNet.</param>
/// <param name="ZerosForEmptyPrompt">The empty prompt is all zeros instead of what the encoders make of it.</param>
public sealed record SecondTextEncoder(ClipTokenizer Tokenizer, ClipTextModel Encoder, bool ZerosForEmptyPrompt);
