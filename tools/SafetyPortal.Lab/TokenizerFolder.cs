using System.Text.Encodings.Web;
using System.Text.Json;
using SafetyPortal.Diffusion.Tokenizer;

namespace SafetyPortal.Lab;

/// <summary>Writes a byte-pair vocabulary in the folder format of CLIP's tokenizer.</summary>
internal static class TokenizerFolder
{
    public const string Start = "<|startoftext|>";
    public const string End = "<|endoftext|>";
    public const string EndOfWord = ClipTokenizer.EndOfWord;

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions Indented = new(Plain) { WriteIndented = true };

    /// <summary>The printable character that stands for each byte (GPT-2's table), so that any UTF-8 text has symbols.</summary>
    public static string[] ByteSymbols()
    {
        var next = 256;
        return [.. Enumerable.Range(0, 256).Select(b => ((char)(b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? b : next++)).ToString())];
    }

    /// <summary>Writes vocab.json, merges.txt, special_tokens_map.json and tokenizer_config.json.</summary>
    /// <param name="folder">Created if absent.</param>
    /// <param name="ids">Id of every token.</param>
    /// <param name="merges">Pairs in order of rank.</param>
    /// <param name="length">Tokens of a prompt, start and end included.</param>
    /// <param name="pad">The token that fills up to that length.</param>
    public static void Write(
        string folder, IReadOnlyDictionary<string, int> ids, IEnumerable<(string Left, string Right)> merges, int length, string pad = End)
    {
        Directory.CreateDirectory(folder);
        var specials = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["bos_token"] = Start,
            ["eos_token"] = End,
            ["pad_token"] = pad,
            ["unk_token"] = End,
        };
        Save("vocab.json", JsonSerializer.Serialize(ids, Plain) + "\n");
        Save("merges.txt", string.Concat(merges.Select(m => $"{m.Left} {m.Right}\n").Prepend("#version: 0.2\n")));
        Save("special_tokens_map.json", JsonSerializer.Serialize(specials, Indented) + "\n");
        specials["model_max_length"] = length;
        specials["do_lower_case"] = true;
        specials["tokenizer_class"] = "CLIPTokenizer";
        Save("tokenizer_config.json", JsonSerializer.Serialize(specials, Indented) + "\n");

        void Save(string name, string text) => File.WriteAllText(Path.Combine(folder, name), text);
    }
}
