using Microsoft.ML.Tokenizers;

namespace SafetyPortal.Diffusion.Tokenizer;

/// <summary>
/// CLIP's byte-level BPE tokenizer (Radford et al. 2021, arXiv 2103.00020) over a Hugging Face tokenizer folder, any vocabulary size.
/// Microsoft.ML.Tokenizers merges the bytes of a word; this class decides what a word is.
/// </summary>
/// <remarks>
/// Follows openai/CLIP's <c>clip.tokenize(truncate=True)</c> without ftfy: HTML references resolved twice, white space collapsed, Python's lower case.
/// For plain text this equals transformers' CLIPTokenizer, which Stable Diffusion pipelines use. Without ftfy transformers keeps HTML references, drops
/// control characters, sets spaces around Chinese characters and joins accents to their letters. With ftfy it also differs in curly quotes, ligatures,
/// full-width letters and broken encodings. As in transformers, the text of a special or added token in a prompt counts as that token. SD 2.x pads
/// with "!", so an exclamation mark is padding there. Instances are immutable and safe to use from several threads.
/// </remarks>
public sealed class ClipTokenizer
{
    /// <summary>The longest accepted prompt in UTF-16 units, which bounds the work. 77 tokens hold far less.</summary>
    public const int LongestPrompt = 8192;

    /// <summary>Marks the last symbol of a word in the vocabulary.</summary>
    internal const string EndOfWord = "</w>";

    private readonly IReadOnlyDictionary<string, long> vocabulary;
    private readonly BpeTokenizer merges;
    private readonly string[] specials;
    private readonly IReadOnlyList<string> wholeTokens;
    private readonly long unknownId;

    private ClipTokenizer(TokenizerFiles files)
    {
        vocabulary = files.Vocabulary;
        specials = [files.Bos, files.Eos];
        wholeTokens = files.WholeTokens;
        BosId = IdOf(files.Bos, "bos_token");
        EosId = IdOf(files.Eos, "eos_token");
        PadId = IdOf(files.Pad, "pad_token");
        unknownId = IdOf(files.Unknown, "unk_token");
        ModelMaxLength = files.ModelMaxLength;
        VocabularySize = vocabulary.Values.Max() + 1;
        merges = BpeTokenizer.Create(new BpeOptions(vocabulary.Select(entry => KeyValuePair.Create(entry.Key, (int)entry.Value)))
        {
            Merges = files.Merges.Select(merge => $"{merge.Left} {merge.Right}"),
            ByteLevel = true,
            EndOfWordSuffix = EndOfWord,
            UnknownToken = files.Unknown,
        });
    }

    /// <summary>Id of the token that starts every sequence.</summary>
    public long BosId { get; }

    /// <summary>Id of the token that ends every sequence.</summary>
    public long EosId { get; }

    /// <summary>Id that fills up to <see cref="ModelMaxLength"/>; the end token for Stable Diffusion.</summary>
    public long PadId { get; }

    /// <summary>Sequence length of the text model, both special tokens included.</summary>
    public int ModelMaxLength { get; }

    /// <summary>One more than the largest id: the rows an embedding table must have.</summary>
    public long VocabularySize { get; }

    /// <summary>
    /// Reads <c>vocab.json</c> and <c>merges.txt</c>, or <c>tokenizer.json</c> if one of them is missing, and <c>tokenizer_config.json</c> if there is
    /// one. If that lists no added tokens, also <c>special_tokens_map.json</c>, <c>added_tokens.json</c> and the added tokens of
    /// <c>tokenizer.json</c>.
    /// </summary>
    /// <exception cref="ModelFormatException">A file is missing or malformed.</exception>
    public static ClipTokenizer Load(string directory) => new(TokenizerFiles.Read(directory));

    /// <summary>Returns ids with start and end token, not padded, truncated to <see cref="ModelMaxLength"/>. The last id is always the end token.</summary>
    /// <exception cref="ArgumentException">The prompt is longer than <see cref="LongestPrompt"/>.</exception>
    public long[] Encode(string text)
    {
        var ids = EncodeAll(text);
        if (ids.Count <= ModelMaxLength)
            return [.. ids];
        var truncated = ids[..ModelMaxLength].ToArray();
        truncated[^1] = EosId;
        return truncated;
    }

    /// <summary>Returns <see cref="Encode"/>'s ids, filled up to <see cref="ModelMaxLength"/>.</summary>
    /// <param name="padId">The filler; null is <see cref="PadId"/>. openai's CLIP pads with 0.</param>
    public long[] EncodePadded(string text, long? padId = null)
    {
        var ids = Encode(text);
        return [.. ids, .. Enumerable.Repeat(padId ?? PadId, ModelMaxLength - ids.Length)];
    }

    /// <summary>Returns the length before truncation, both special tokens included.</summary>
    public int CountTokens(string text) => EncodeAll(text).Count;

    /// <summary>
    /// Returns the words at the end of a prompt, in lower case, of which <see cref="Encode"/> cuts off at least a part; null if the prompt fits.
    /// </summary>
    /// <exception cref="ArgumentException">The prompt is longer than <see cref="LongestPrompt"/>.</exception>
    public string? CutOff(string text)
    {
        var room = ModelMaxLength - 2;
        var cut = string.Join(' ', Words(text).SkipWhile(word => (room -= word.Ids.Count) >= 0).Select(word => word.Text));
        return cut.Length > 0 ? cut : null;
    }

    /// <summary>Returns the ids of the vocabulary but for the special tokens, ascending.</summary>
    public IReadOnlyList<long> PlainIds() => [.. Spellings().Select(spelling => spelling.Id)];

    /// <summary>Returns <see cref="PlainIds"/> with their spellings, as <see cref="SpellingOf"/> gives them.</summary>
    public IEnumerable<(long Id, string Text)> Spellings() => vocabulary
        .Where(entry => Array.IndexOf(specials, entry.Key) < 0 && entry.Value != PadId && entry.Value != unknownId)
        .OrderBy(entry => entry.Value).Select(entry => (entry.Value, Spell(entry.Key)));

    /// <summary>Returns the vocabulary's spelling of an id, for reports. The end-of-word mark is a blank; byte symbols stay as they are.</summary>
    /// <exception cref="ArgumentException">The vocabulary has no such id.</exception>
    public string SpellingOf(long id)
    {
        foreach (var (text, known) in vocabulary)
        {
            if (known == id)
                return Spell(text);
        }

        throw new ArgumentException($"Expected an id of the vocabulary, got {id}.", nameof(id));
    }

    private static string Spell(string token) => token.Replace(EndOfWord, " ", StringComparison.Ordinal);

    private List<long> EncodeAll(string text) => [BosId, .. Words(text).SelectMany(word => word.Ids), EosId];

    private IEnumerable<(string Text, IReadOnlyList<long> Ids)> Words(string text)
    {
        if (text.Length > LongestPrompt)
            throw new ArgumentException($"The prompt has {text.Length} characters; at most {LongestPrompt} are accepted.", nameof(text));
        return AddedTokens.Split(text, wholeTokens).SelectMany(piece => piece.IsToken
            ? [(piece.Text, [vocabulary[piece.Text]])]
            : WordSplitter.Split(PromptNormalizer.Normalize(piece.Text), specials).Select(word => (word, IdsOf(word))));
    }

    private IReadOnlyList<long> IdsOf(string word) => Array.IndexOf(specials, word) >= 0
        ? [vocabulary[word]]
        : [.. merges.EncodeToIds(word, considerPreTokenization: false, considerNormalization: false).Select(id => (long)id)];

    private long IdOf(string token, string role) => vocabulary.TryGetValue(token, out var id)
        ? id
        : throw new ModelFormatException($"The vocabulary does not list '{token}', which the tokenizer's {role} names.");
}
