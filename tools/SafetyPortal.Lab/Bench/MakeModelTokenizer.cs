using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafetyPortal.Lab.Bench;

/// <summary>
/// A CLIP tokenizer without merges: every byte is a token, with and without the mark of a word's end, and the start and end tokens have
/// the two largest ids of the text encoder's vocabulary. It reads any text, in more tokens than a trained tokenizer would need.
/// </summary>
internal static class MakeModelTokenizer
{
    private const string Start = "<|startoftext|>";
    private const string End = "<|endoftext|>";

    /// <param name="folder">Created if absent.</param>
    /// <param name="vocabulary">Rows of the text encoder's embedding.</param>
    /// <param name="length">Tokens of a prompt.</param>
    /// <param name="pad">The token that fills up, as the published model has it.</param>
    public static void Write(string folder, int vocabulary, int length, string pad = End)
    {
        Directory.CreateDirectory(folder);
        var symbols = ByteSymbols();
        var ids = new JsonObject();
        foreach (var symbol in symbols.Concat(symbols.Select(s => s + "</w>")))
            ids[symbol] = ids.Count;
        if (vocabulary < ids.Count + 2)
            throw new ArgumentException($"A tokenizer of bytes needs a vocabulary of at least {ids.Count + 2}, the text encoder has {vocabulary}.", nameof(vocabulary));
        ids[Start] = vocabulary - 2;
        ids[End] = vocabulary - 1;
        JsonObject special = new() { ["bos_token"] = Start, ["eos_token"] = End, ["pad_token"] = pad, ["unk_token"] = End };
        Save(folder, "vocab.json", ids.ToJsonString());
        Save(folder, "merges.txt", "#version: 0.2\n");
        Save(folder, "special_tokens_map.json", Indented(special));
        special["model_max_length"] = length;
        special["do_lower_case"] = true;
        special["tokenizer_class"] = "CLIPTokenizer";
        Save(folder, "tokenizer_config.json", Indented(special));
    }

    // Printable bytes stand for themselves and come first; the others follow as the characters from 256 on.
    private static List<string> ByteSymbols()
    {
        static bool Printable(int b) => b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
        var bytes = Enumerable.Range(0, 256).ToList();
        return
        [
            .. bytes.Where(Printable).Select(b => ((char)b).ToString()),
            .. bytes.Where(b => !Printable(b)).Select((_, i) => ((char)(256 + i)).ToString()),
        ];
    }

    private static string Indented(JsonNode node) => node.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";

    private static void Save(string folder, string name, string text) =>
        File.WriteAllText(Path.Combine(folder, name), text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
}
