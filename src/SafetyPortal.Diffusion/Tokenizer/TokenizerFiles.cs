using System.Text.Json;
using SafetyPortal.Diffusion.Inspection;

namespace SafetyPortal.Diffusion.Tokenizer;

/// <summary>
/// The files of a Hugging Face CLIP tokenizer folder, of transformers up to 4 (<c>vocab.json</c>, <c>merges.txt</c>) or from 5 on
/// (<c>tokenizer.json</c>). The files are untrusted: sizes, ids and merges are checked.
/// </summary>
/// <param name="Vocabulary">Ids by token, those of added tokens among them; no id belongs to two tokens.</param>
/// <param name="Merges">Pairs in order of priority; both parts and what they make are in the vocabulary.</param>
/// <param name="WholeTokens">Tokens whose text in a prompt counts as the token: the special ones and those added to the vocabulary.</param>
internal sealed record TokenizerFiles(
    IReadOnlyDictionary<string, long> Vocabulary,
    IReadOnlyList<(string Left, string Right)> Merges,
    string Bos,
    string Eos,
    string Unknown,
    string Pad,
    IReadOnlyList<string> WholeTokens,
    int ModelMaxLength)
{
    private const string VocabularyFile = "vocab.json";
    private const string MergesFile = "merges.txt";
    private const string ConfigurationFile = "tokenizer_config.json";
    private const string EndOfText = "<|endoftext|>";
    private const long LargestFile = 64L << 20;
    private const int DefaultLength = 77;
    private const int LongestModel = 4096;

    /// <exception cref="ModelFormatException">A file is missing, too large or malformed; the message names file and line.</exception>
    public static TokenizerFiles Read(string directory)
    {
        bool Has(string file) => Path.Exists(Path.Combine(directory, file));
        var config = ReadOptionalObject(directory, ConfigurationFile);
        // As in transformers: a configuration that lists its added tokens is complete, otherwise the older files win.
        var complete = config is { } root && root.TryGetProperty(AddedTokens.DecoderKey, out _);
        var map = complete ? null : ReadOptionalObject(directory, "special_tokens_map.json");
        var separate = (Has(VocabularyFile) && Has(MergesFile)) || !Has(AddedTokens.FastFileName);
        var fast = complete && separate ? null : ReadOptionalObject(directory, AddedTokens.FastFileName);

        var (vocabulary, merges) = separate ? ReadSeparate(directory) : ReadFast(fast!.Value);
        string Special(string name, string fallback = EndOfText) => Text(map, name) ?? Text(config, name) ?? fallback;
        var (bos, eos, unknown, pad) = (Special("bos_token", "<|startoftext|>"), Special("eos_token"), Special("unk_token"), Special("pad_token"));

        var added = complete ? AddedTokens.OfConfiguration(config!.Value) : AddedTokens.OfOlderFiles(ReadOptionalObject(directory, AddedTokens.FileName), fast);
        var owners = vocabulary.ToDictionary(entry => entry.Value, entry => entry.Key);
        foreach (var (token, id) in added)
        {
            var text = $"The added token '{StrictJson.Shorten(token)}' has id {id}";
            if (!owners.TryAdd(id, token) && owners[id] != token)
                throw new ModelFormatException($"{text}, which is that of '{StrictJson.Shorten(owners[id])}'.");
            if (vocabulary.TryGetValue(token, out var known) && known != id)
                throw new ModelFormatException($"{text}, in the vocabulary it has {known}.");
            vocabulary[token] = id;
        }

        var more = AddedTokens.Additional(map ?? config);
        if (more.FirstOrDefault(token => !vocabulary.ContainsKey(token)) is { } unlisted)
            throw new ModelFormatException($"{AddedTokens.AdditionalKey} names '{StrictJson.Shorten(unlisted)}', to which no file gives an id.");
        List<string> whole = [.. added.Keys.Concat(more).Concat([bos, eos, unknown, pad]).Where(token => token.Length > 0).Distinct(StringComparer.Ordinal)];
        return new(vocabulary, merges, bos, eos, unknown, pad, whole, MaxLength(config));
    }

    private static (Dictionary<string, long>, List<(string, string)>) ReadSeparate(string directory)
    {
        var bytes = RegularFile.ReadAllBytes(Existing(directory, VocabularyFile), LargestFile);
        var vocabulary = ReadVocabulary(StrictJson.Object(bytes, VocabularyFile), VocabularyFile);
        var lines = RegularFile.ReadAllText(Existing(directory, MergesFile), LargestFile).TrimEnd().Split('\n');
        if (!lines[0].StartsWith("#version", StringComparison.Ordinal))
            throw new ModelFormatException($"{MergesFile} line 1: expected '#version: ...', found '{StrictJson.Shorten(lines[0])}'.");
        return (vocabulary, ReadMerges(lines.Skip(1).Select((line, i) => ($"{MergesFile} line {i + 2}", line.TrimEnd('\r').Split(' '))), vocabulary));
    }

    // The format of the tokenizers library: {"added_tokens": [...], "model": {"type": "BPE", "vocab": {...}, "merges": [...], ...}, ...}
    private static (Dictionary<string, long>, List<(string, string)>) ReadFast(JsonElement root)
    {
        const string Where = $"{AddedTokens.FastFileName}: model";
        if (!root.TryGetProperty("model", out var model) || model.ValueKind != JsonValueKind.Object)
            throw new ModelFormatException($"{Where}: expected an object.");
        Require("type", "BPE");
        Require("end_of_word_suffix", ClipTokenizer.EndOfWord);
        if (!model.TryGetProperty("vocab", out var ids) || ids.ValueKind != JsonValueKind.Object)
            throw new ModelFormatException($"{Where}: vocab: expected an object.");
        if (!model.TryGetProperty("merges", out var pairs) || pairs.ValueKind != JsonValueKind.Array)
            throw new ModelFormatException($"{Where}: merges: expected a list.");
        var vocabulary = ReadVocabulary(ids, $"{Where}: vocab");
        return (vocabulary, ReadMerges(pairs.EnumerateArray().Select((pair, i) => ($"{Where}: merge {i + 1}", Parts(pair))), vocabulary));

        void Require(string key, string expected)
        {
            var found = Text(model, key);
            if (found == expected)
                return;
            var quoted = found is null ? "none" : $"\"{StrictJson.Shorten(found)}\"";
            throw new ModelFormatException($"{Where}: {key}: expected \"{expected}\", found {quoted}: not a tokenizer of CLIP.");
        }

        // Written as one string before tokenizers 0.20, as two since.
        static string[] Parts(JsonElement pair) => pair.ValueKind switch
        {
            JsonValueKind.String => pair.GetString()!.Split(' '),
            JsonValueKind.Array when pair.EnumerateArray().All(part => part.ValueKind == JsonValueKind.String) =>
                [.. pair.EnumerateArray().Select(part => part.GetString()!)],
            _ => [pair.GetRawText()],
        };
    }

    private static Dictionary<string, long> ReadVocabulary(JsonElement tokens, string where)
    {
        var vocabulary = new Dictionary<string, long>(StringComparer.Ordinal);
        var used = new HashSet<long>();
        foreach (var entry in tokens.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out var id) || id is < 0 or int.MaxValue)
            {
                var found = $"token '{StrictJson.Shorten(entry.Name)}' has id {StrictJson.Describe(entry.Value)}";
                throw new ModelFormatException($"{where}: {found}; expected an integer from 0 to {int.MaxValue - 1}.");
            }

            vocabulary.Add(entry.Name, id);
            if (!used.Add(id))
                throw new ModelFormatException($"{where}: id {id} is given to two tokens, the second is '{StrictJson.Shorten(entry.Name)}'.");
        }

        return vocabulary.Count > 0 ? vocabulary : throw new ModelFormatException($"{where}: no tokens.");
    }

    private static List<(string Left, string Right)> ReadMerges(IEnumerable<(string Where, string[] Parts)> lines, Dictionary<string, long> vocabulary)
    {
        var merges = new List<(string, string)>();
        var known = new HashSet<(string, string)>();
        foreach (var (where, parts) in lines)
        {
            if (parts.Length != 2 || parts.Any(part => part.Length == 0 || part.Contains(' ', StringComparison.Ordinal)))
                throw new ModelFormatException($"{where}: expected two symbols separated by one space, found '{StrictJson.Shorten(string.Join(' ', parts))}'.");
            if (!vocabulary.ContainsKey(parts[0] + parts[1]))
                throw new ModelFormatException($"{where}: the merge makes '{StrictJson.Shorten(parts[0] + parts[1])}', which the vocabulary does not list.");
            if (Array.Find(parts, part => !vocabulary.ContainsKey(part)) is { } unlisted)
                throw new ModelFormatException($"{where}: the merge takes '{StrictJson.Shorten(unlisted)}', which the vocabulary does not list.");
            if (!known.Add((parts[0], parts[1])))
                throw new ModelFormatException($"{where}: the merge of '{StrictJson.Shorten(parts[0])}' and '{StrictJson.Shorten(parts[1])}' is listed twice.");
            merges.Add((parts[0], parts[1]));
        }

        return merges;
    }

    private static string Existing(string directory, string name)
    {
        var path = Path.Combine(directory, name);
        return File.Exists(path) ? path : throw new ModelFormatException(
            $"{name} is missing from the tokenizer folder {directory}; expected {VocabularyFile} and {MergesFile}, or {AddedTokens.FastFileName}.");
    }

    private static JsonElement? ReadOptionalObject(string directory, string name)
    {
        var path = Path.Combine(directory, name);
        return Path.Exists(path) ? StrictJson.Object(RegularFile.ReadAllBytes(path, LargestFile), name) : null;
    }

    private static string? Text(JsonElement? config, string name) =>
        config is { } root && root.TryGetProperty(name, out var value) ? AddedTokens.TextOf(value) : null;

    // Tokenizers without a limit store 1e30.
    private static int MaxLength(JsonElement? config)
    {
        if (config is not { } root || !root.TryGetProperty("model_max_length", out var value) || value.ValueKind != JsonValueKind.Number)
            return DefaultLength;
        var length = value.GetDouble();
        if (length > 1e9)
            return DefaultLength;
        if (length is >= 2 and <= LongestModel && double.IsInteger(length))
            return (int)length;
        throw new ModelFormatException($"{ConfigurationFile}: model_max_length is {value.GetRawText()}; expected a whole number from 2 to {LongestModel}.");
    }
}
