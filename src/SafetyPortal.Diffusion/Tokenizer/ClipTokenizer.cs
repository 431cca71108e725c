using Microsoft.ML.Tokenizers;

namespace SafetyPortal.Diffusion.Tokenizer;

/// <summary>
/// CLIP's byte-level BPE tokenizer (Radford et al. 2021, arXiv 2103.00020) over a Hugging Face tokenizer folder, any vocabulary size.
/// Microsoft.ML.Tokenizers merges the bytes of a word; this class decides what a word is.
/// </summary>
/// <remarks>
/// Follows openai/CLIP's <c>clip.tokenize(truncate=True)</c> without ftfy: HTML references resolved twice, white space
/// collapsed, Python's lower case. For plain text this equals transformers' CLIPTokenizer, which Stable Diffusion pipelines use.
/// The two differ where text holds HTML references (transformers keeps them), control characters, Chinese characters or accents apart from
/// their letters (without ftfy it drops the first, sets spaces around the second and joins the third). With ftfy they also differ in curly
/// quotes, ligatures, full-width letters and broken encodings. The text of a special or added token inside a prompt counts as that token, as in
/// transformers; SD 2.x pads with "!", so an exclamation mark is one there. Instances are immutable and safe to use from several threads.
/// </remarks>
public sealed class ClipTokenizer
{
    /// <summary>The longest accepted prompt in UTF-16 units; far above what 77 tokens can say, low enough to bound the work.</summary>
    public const int LongestPrompt = 8192;

    /// <summary>What marks the last symbol of a word in the vocabulary.</summary>
    internal const string EndOfWord = "</w>";

    private readonly IReadOnlyDictionary<string, long> _vocabulary;
    private readonly BpeTokenizer _merges;
    private readonly string[] _specials;
    private readonly IReadOnlyList<string> _wholeTokens;
    private readonly long _unknownId;

    private ClipTokenizer(TokenizerFiles files)
    {
        _vocabulary = files.Vocabulary;
        _specials = [files.Bos, files.Eos];
        _wholeTokens = files.WholeTokens;
        BosId = IdOf(files.Bos, "bos_token");
        EosId = IdOf(files.Eos, "eos_token");
        PadId = IdOf(files.Pad, "pad_token");
        _unknownId = IdOf(files.Unknown, "unk_token");
        ModelMaxLength = files.ModelMaxLength;
        VocabularySize = _vocabulary.Values.Max() + 1;
        _merges = BpeTokenizer.Create(new BpeOptions(_vocabulary.Select(entry => KeyValuePair.Create(entry.Key, (int)entry.Value)))
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
    /// Reads <c>vocab.json</c> and <c>merges.txt</c>, or <c>tokenizer.json</c> where one of them is missing; and, when present,
    /// <c>tokenizer_config.json</c>. Without a list of added tokens in that also <c>special_tokens_map.json</c>, <c>added_tokens.json</c> and the
    /// added tokens of <c>tokenizer.json</c>.
    /// </summary>
    /// <exception cref="ModelFormatException">A file is missing or malformed.</exception>
    public static ClipTokenizer Load(string directory) => new(TokenizerFiles.Read(directory));

    /// <summary>Ids with start and end token, not padded, truncated to <see cref="ModelMaxLength"/> (the last id is then still the end token).</summary>
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

    /// <summary>As <see cref="Encode"/>, filled up to <see cref="ModelMaxLength"/> with <see cref="PadId"/>.</summary>
    public long[] EncodePadded(string text) => EncodePadded(text, PadId);

    /// <summary>As <see cref="EncodePadded(string)"/> with another filler: openai's CLIP pads with 0.</summary>
    public long[] EncodePadded(string text, long padId)
    {
        var ids = Encode(text);
        var padded = new long[ModelMaxLength];
        Array.Fill(padded, padId);
        ids.CopyTo(padded, 0);
        return padded;
    }

    /// <summary>Length before truncation, both special tokens included; above <see cref="ModelMaxLength"/> the end of the prompt is not seen.</summary>
    public int CountTokens(string text) => EncodeAll(text).Count;

    /// <summary>The words at the end of a prompt, in lower case, of which <see cref="Encode"/> cuts off at least a part; null if the whole prompt fits.</summary>
    /// <exception cref="ArgumentException">The prompt is longer than <see cref="LongestPrompt"/>.</exception>
    public string? CutOff(string text)
    {
        var room = ModelMaxLength - 2;
        var cut = string.Join(' ', Words(text).SkipWhile(word => (room -= word.Ids.Count) >= 0).Select(word => word.Text));
        return cut.Length > 0 ? cut : null;
    }

    /// <summary>Ids of the vocabulary that a prompt can hold, ascending: everything but the special tokens.</summary>
    public IReadOnlyList<long> PlainIds() =>
        [.. _vocabulary.Where(entry => Array.IndexOf(_specials, entry.Key) < 0 && entry.Value != PadId && entry.Value != _unknownId).Select(entry => entry.Value).Order()];

    /// <summary>Ids and spellings of <see cref="PlainIds"/>, as <see cref="SpellingOf"/> has them.</summary>
    public IEnumerable<(long Id, string Text)> Spellings()
    {
        var plain = PlainIds().ToHashSet();
        return _vocabulary.Where(entry => plain.Contains(entry.Value)).OrderBy(entry => entry.Value).Select(entry => (entry.Value, Spell(entry.Key)));
    }

    /// <summary>The vocabulary's spelling of an id, for reports; the end-of-word mark is a blank, byte symbols stay as they are.</summary>
    /// <exception cref="ArgumentException">The vocabulary has no such id.</exception>
    public string SpellingOf(long id)
    {
        foreach (var (text, known) in _vocabulary)
        {
            if (known == id) return Spell(text);
        }

        throw new ArgumentException($"Expected an id of the vocabulary, got {id}.", nameof(id));
    }

    private static string Spell(string token) => token.Replace(EndOfWord, " ", StringComparison.Ordinal);

    private List<long> EncodeAll(string text) => [BosId, .. Words(text).SelectMany(word => word.Ids), EosId];

    private IEnumerable<(string Text, IReadOnlyList<long> Ids)> Words(string text)
    {
        if (text.Length > LongestPrompt)
            throw new ArgumentException($"The prompt has {text.Length} characters; at most {LongestPrompt} are accepted.", nameof(text));
        return AddedTokens.Split(text, _wholeTokens).SelectMany(piece => piece.IsToken
            ? [(piece.Text, [_vocabulary[piece.Text]])]
            : WordSplitter.Split(PromptNormalizer.Normalize(piece.Text), _specials).Select(word => (word, IdsOf(word))));
    }

    private IReadOnlyList<long> IdsOf(string word) => Array.IndexOf(_specials, word) >= 0
        ? [_vocabulary[word]]
        : [.. _merges.EncodeToIds(word, considerPreTokenization: false, considerNormalization: false).Select(id => (long)id)];

    private long IdOf(string token, string role)
        => _vocabulary.TryGetValue(token, out var id)
            ? id
            : throw new ModelFormatException($"The vocabulary does not list '{token}', which the tokenizer's {role} names.");
}
