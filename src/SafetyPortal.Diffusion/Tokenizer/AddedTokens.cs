using System.Globalization;
using System.Text.Json;

namespace SafetyPortal.Diffusion.Tokenizer;

/// <summary>Tokens that a folder adds to its vocabulary, such as textual inversions, and their places in a prompt.</summary>
internal static class AddedTokens
{
    /// <summary>Their key in <c>tokenizer_config.json</c>.</summary>
    public const string DecoderKey = "added_tokens_decoder";

    public const string FileName = "added_tokens.json";

    /// <summary>The key of further special tokens in <c>tokenizer_config.json</c> and <c>special_tokens_map.json</c>.</summary>
    public const string AdditionalKey = "additional_special_tokens";

    /// <summary>The file of the fast tokenizers: the whole tokenizer since transformers 5.</summary>
    public const string FastFileName = "tokenizer.json";

    // Split looks for each at every place of a prompt.
    private const int Most = 10_000;

    /// <exception cref="ModelFormatException">The list is malformed or has an unsupported option.</exception>
    public static Dictionary<string, long> OfConfiguration(JsonElement config)
    {
        const string Where = $"tokenizer_config.json: {DecoderKey}";
        var tokens = new Dictionary<string, long>(StringComparer.Ordinal);
        var list = config.GetProperty(DecoderKey);
        if (list.ValueKind != JsonValueKind.Object)
            throw new ModelFormatException($"{Where}: expected an object, found {list.ValueKind}.");
        foreach (var entry in list.EnumerateObject())
        {
            if (!long.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                throw new ModelFormatException($"{Where}: expected ids, found '{StrictJson.Shorten(entry.Name)}'.");
            Add(tokens, TextOf(entry.Value), id, entry.Value, Where);
        }

        return tokens;
    }

    /// <exception cref="ModelFormatException">A list is malformed or has an unsupported option.</exception>
    public static Dictionary<string, long> OfOlderFiles(JsonElement? plain, JsonElement? fast)
    {
        var tokens = new Dictionary<string, long>(StringComparer.Ordinal);
        if (plain is { } file)
        {
            foreach (var entry in file.EnumerateObject())
                Add(tokens, entry.Name, IdOf(entry.Value), entry.Value, FileName);
        }

        if (fast is { } root && root.TryGetProperty("added_tokens", out var list) && list.ValueKind == JsonValueKind.Array)
        {
            foreach (var entry in list.EnumerateArray())
            {
                var id = entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty("id", out var value) ? IdOf(value) : -1;
                Add(tokens, TextOf(entry), id, entry, $"{FastFileName}: added_tokens");
            }
        }

        return tokens;
    }

    /// <summary>
    /// Returns the special tokens that are not begin, end, unknown or padding. Transformers 5 lists them under another key, by name or without names.
    /// </summary>
    public static List<string> Additional(JsonElement? config)
    {
        if (config is not { } root || !(root.TryGetProperty(AdditionalKey, out var list) || root.TryGetProperty("extra_special_tokens", out list)))
            return [];
        IEnumerable<JsonElement> tokens = list.ValueKind switch
        {
            JsonValueKind.Array => list.EnumerateArray(),
            JsonValueKind.Object => list.EnumerateObject().Select(named => named.Value),
            _ => [],
        };
        return [.. tokens.Select(TextOf).OfType<string>().Where(text => text.Length > 0)];
    }

    /// <summary>Returns a token's text, which is written as such or as <c>{"content": text, ...}</c>; null if there is none.</summary>
    public static string? TextOf(JsonElement token)
    {
        if (token.ValueKind == JsonValueKind.Object && token.TryGetProperty("content", out var content))
            token = content;
        return token.ValueKind == JsonValueKind.String ? token.GetString() : null;
    }

    /// <summary>Cuts a prompt at the tokens in it. Letters must be equal; of several tokens that begin at one place the longest counts.</summary>
    /// <param name="tokens">None of them is empty.</param>
    public static IEnumerable<(string Text, bool IsToken)> Split(string text, IReadOnlyList<string> tokens)
    {
        var start = 0;
        for (var i = 0; i < text.Length;)
        {
            var found = "";
            foreach (var token in tokens)
            {
                if (token.Length > found.Length && string.CompareOrdinal(text, i, token, 0, token.Length) == 0)
                    found = token;
            }

            if (found.Length == 0)
            {
                i++;
                continue;
            }

            if (i > start)
                yield return (text[start..i], false);
            yield return (found, true);
            start = i += found.Length;
        }

        if (start < text.Length)
            yield return (text[start..], false);
    }

    private static long IdOf(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var id) ? id : -1;

    private static void Add(Dictionary<string, long> tokens, string? text, long id, JsonElement entry, string where)
    {
        if (string.IsNullOrEmpty(text) || id is < 0 or > int.MaxValue)
            throw new ModelFormatException($"{where}: expected a text and an id from 0 to {int.MaxValue}, found {StrictJson.Describe(entry)}.");
        if (entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty("single_word", out var option) && option.ValueKind == JsonValueKind.True)
            throw new ModelFormatException($"{where}: single_word is true for '{StrictJson.Shorten(text)}'; expected false.");
        tokens[text] = id;
        if (tokens.Count > Most)
            throw new ModelFormatException($"{where}: more than {Most} tokens.");
    }
}
