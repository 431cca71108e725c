using System.Text;
using System.Text.Json;

namespace SafetyPortal.Diffusion.Tokenizer;

/// <summary>Reads and checks the files of a Hugging Face CLIP tokenizer folder. The files are untrusted: sizes, ids and merges are checked.</summary>
/// <param name="Vocabulary">Ids by token, those of added tokens among them.</param>
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
    private const long LargestFile = 64L << 20;
    private const int DefaultLength = 77;
    private const int LongestModel = 4096;

    /// <exception cref="TokenizerException">A file is missing, too large or malformed; the message names file and line.</exception>
    public static TokenizerFiles Read(string directory)
    {
        var vocabulary = ReadVocabulary(directory);
        var merges = ReadMerges(directory, vocabulary);
        var config = ReadOptionalObject(directory, "tokenizer_config.json");
        // As transformers does: a configuration that lists its added tokens says everything, otherwise the older files beside it win.
        var complete = config is { } root && root.TryGetProperty(AddedTokens.DecoderKey, out _);
        var map = complete ? null : ReadOptionalObject(directory, "special_tokens_map.json");
        string Special(string name, string fallback = "<|endoftext|>") => Text(map, name) ?? Text(config, name) ?? fallback;
        var (bos, eos, unknown, pad) = (Special("bos_token", "<|startoftext|>"), Special("eos_token"), Special("unk_token"), Special("pad_token"));

        var added = complete
            ? AddedTokens.OfConfiguration(config!.Value)
            : AddedTokens.OfOlderFiles(ReadOptionalObject(directory, AddedTokens.FileName), ReadOptionalObject(directory, AddedTokens.FastFileName));
        foreach (var (token, id) in added)
            vocabulary[token] = id;
        var more = AddedTokens.Additional(map ?? config);
        if (more.FirstOrDefault(token => !vocabulary.ContainsKey(token)) is { } unlisted)
            throw new TokenizerException($"additional_special_tokens names '{Shorten(unlisted)}', to which no file gives an id.");
        List<string> whole = [.. added.Keys.Concat(more).Concat([bos, eos, unknown, pad]).Where(token => token.Length > 0).Distinct(StringComparer.Ordinal)];
        return new(vocabulary, merges, bos, eos, unknown, pad, whole, MaxLength(config));
    }

    private static Dictionary<string, long> ReadVocabulary(string directory)
    {
        const string Name = "vocab.json";
        using var document = ParseObject(Name, ReadText(directory, Name));
        var vocabulary = new Dictionary<string, long>(StringComparer.Ordinal);
        var used = new HashSet<long>();
        foreach (var entry in document.RootElement.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt64(out var id) || id < 0 || id > int.MaxValue)
                throw new TokenizerException($"{Name}: token '{Shorten(entry.Name)}' has id {Shorten(entry.Value.GetRawText())}; expected an integer from 0 to {int.MaxValue}.");
            if (!vocabulary.TryAdd(entry.Name, id))
                throw new TokenizerException($"{Name}: token '{Shorten(entry.Name)}' is listed twice.");
            if (!used.Add(id))
                throw new TokenizerException($"{Name}: id {id} is given to two tokens, the second is '{Shorten(entry.Name)}'.");
        }

        return vocabulary.Count > 0 ? vocabulary : throw new TokenizerException($"{Name}: no tokens.");
    }

    private static List<(string Left, string Right)> ReadMerges(string directory, Dictionary<string, long> vocabulary)
    {
        const string Name = "merges.txt";
        var lines = ReadText(directory, Name).TrimEnd().Split('\n');
        if (!lines[0].StartsWith("#version", StringComparison.Ordinal))
            throw new TokenizerException($"{Name} line 1: expected '#version: ...', found '{Shorten(lines[0])}'.");
        var merges = new List<(string, string)>(lines.Length);
        for (var i = 1; i < lines.Length; i++)
        {
            var parts = lines[i].TrimEnd('\r').Split(' ');
            if (parts.Length != 2 || parts[0].Length == 0 || parts[1].Length == 0)
                throw new TokenizerException($"{Name} line {i + 1}: expected two symbols separated by one space, found '{Shorten(lines[i])}'.");
            if (!vocabulary.ContainsKey(parts[0] + parts[1]))
                throw new TokenizerException($"{Name} line {i + 1}: the merge makes '{Shorten(parts[0] + parts[1])}', which vocab.json does not list.");
            merges.Add((parts[0], parts[1]));
        }

        return merges;
    }

    private static string ReadText(string directory, string name)
    {
        var path = Path.Combine(directory, name);
        var info = new FileInfo(path);
        if (!info.Exists)
            throw new TokenizerException($"{name} is missing from the tokenizer folder {directory}.");
        if (info.Length > LargestFile)
            throw new TokenizerException($"{name} has {info.Length} bytes; at most {LargestFile} are accepted.");
        try
        {
            return File.ReadAllText(path, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));
        }
        catch (DecoderFallbackException e)
        {
            throw new TokenizerException($"{name} is not UTF-8 text.", e);
        }
    }

    private static JsonDocument ParseObject(string name, string text)
    {
        JsonDocument document;
        try
        {
            document = StrictJson.Parse(text);
        }
        catch (JsonException e)
        {
            throw new TokenizerException($"{name} is not JSON: {e.Message}", e);
        }

        if (document.RootElement.ValueKind == JsonValueKind.Object)
            return document;
        var kind = document.RootElement.ValueKind;
        document.Dispose();
        throw new TokenizerException($"{name}: expected a JSON object, found {kind}.");
    }

    private static JsonElement? ReadOptionalObject(string directory, string name)
    {
        if (!File.Exists(Path.Combine(directory, name)))
            return null;
        using var document = ParseObject(name, ReadText(directory, name));
        return document.RootElement.Clone();
    }

    private static string? Text(JsonElement? config, string name) => config is { } root && root.TryGetProperty(name, out var value) ? AddedTokens.TextOf(value) : null;

    // Tokenizers without a limit store 1e30.
    private static int MaxLength(JsonElement? config)
    {
        if (config is not { } root || !root.TryGetProperty("model_max_length", out var value) || value.ValueKind != JsonValueKind.Number)
            return DefaultLength;
        var length = value.GetDouble();
        if (length > 1e9)
            return DefaultLength;
        return length >= 2 && length <= LongestModel
            ? (int)length
            : throw new TokenizerException($"tokenizer_config.json: model_max_length is {length}; expected 2 to {LongestModel}.");
    }

    public static string Shorten(string text) => text.Length <= 60 ? text : text[..60] + "...";
}
