using System.Text.Encodings.Web;
using System.Text.Json;
using SafetyPortal.Diffusion.Tokenizer;

namespace SafetyPortal.Lab.DemoWorld.Captions;

/// <summary>
/// Learns a byte-pair vocabulary from captions and writes it in the folder format of CLIP's tokenizer.
/// </summary>
/// <remarks>Sennrich, Haddow, Birch, "Neural machine translation of rare words with subword units", ACL 2016, algorithm 1.</remarks>
public static class TokenizerLearner
{
    /// <summary>Tokens per caption with start and end: the longest caption of the demo world has 17.</summary>
    public const int MaxLength = 20;

    private const string EndOfWord = ClipTokenizer.EndOfWord;
    private const string Start = "<|startoftext|>";
    private const string End = "<|endoftext|>";

    /// <summary>Merges in order of frequency until every word of the corpus is one token; ties go to the first in ordinal order.</summary>
    public static IReadOnlyList<(string Left, string Right)> Learn(IEnumerable<string> corpus)
    {
        var words = corpus.SelectMany(c => c.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .GroupBy(w => w, StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => (Symbols: Characters(g.Key), Count: g.Count()))
            .ToList();
        var merges = new List<(string, string)>();
        while (true)
        {
            var counts = new SortedDictionary<(string Left, string Right), int>(Comparer<(string Left, string Right)>.Create(Compare));
            foreach (var (symbols, count) in words)
            {
                for (var i = 0; i + 1 < symbols.Count; i++)
                    counts[(symbols[i], symbols[i + 1])] = counts.GetValueOrDefault((symbols[i], symbols[i + 1])) + count;
            }

            if (counts.Count == 0)
                return merges;
            var best = counts.MaxBy(p => p.Value).Key;
            merges.Add(best);
            foreach (var (symbols, _) in words)
                Merge(symbols, best);
        }
    }

    /// <summary>Writes vocab.json, merges.txt, tokenizer_config.json and special_tokens_map.json; the end token has the highest id.</summary>
    /// <returns>The vocabulary size.</returns>
    public static int Write(string directory, IReadOnlyList<(string Left, string Right)> merges)
    {
        Directory.CreateDirectory(directory);
        var alphabet = ByteAlphabet();
        string[] tokens =
        [
            .. alphabet.Select(c => c.ToString()), .. alphabet.Select(c => c + EndOfWord), .. merges.Select(m => m.Left + m.Right), Start, End,
        ];
        var vocabulary = tokens.Select((token, id) => (token, id)).ToDictionary(p => p.token, p => p.id, StringComparer.Ordinal);
        var json = new JsonSerializerOptions { WriteIndented = false, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        File.WriteAllText(Path.Combine(directory, "vocab.json"), JsonSerializer.Serialize(vocabulary, json) + "\n");
        File.WriteAllText(Path.Combine(directory, "merges.txt"), string.Concat(merges.Select(m => $"{m.Left} {m.Right}\n").Prepend("#version: 0.2\n")));
        var specials = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["bos_token"] = Start,
            ["eos_token"] = End,
            ["pad_token"] = End,
            ["unk_token"] = End,
        };
        json = new JsonSerializerOptions(json) { WriteIndented = true };
        File.WriteAllText(Path.Combine(directory, "special_tokens_map.json"), JsonSerializer.Serialize(specials, json) + "\n");
        specials["model_max_length"] = MaxLength;
        specials["do_lower_case"] = true;
        specials["tokenizer_class"] = "CLIPTokenizer";
        File.WriteAllText(Path.Combine(directory, "tokenizer_config.json"), JsonSerializer.Serialize(specials, json) + "\n");
        return tokens.Length;
    }

    // The printable character that stands for each byte (GPT-2's table), so that any UTF-8 text has symbols.
    private static char[] ByteAlphabet()
    {
        var table = new char[256];
        var next = 256;
        for (var b = 0; b < 256; b++)
            table[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)b : (char)next++;
        return table;
    }

    private static int Compare((string Left, string Right) a, (string Left, string Right) b)
    {
        var left = string.CompareOrdinal(a.Left, b.Left);
        return left != 0 ? left : string.CompareOrdinal(a.Right, b.Right);
    }

    private static List<string> Characters(string word)
    {
        var symbols = word.Select(c => c.ToString()).ToList();
        symbols[^1] += EndOfWord;
        return symbols;
    }

    private static void Merge(List<string> symbols, (string Left, string Right) pair)
    {
        for (var i = 0; i + 1 < symbols.Count; i++)
        {
            if (!string.Equals(symbols[i], pair.Left, StringComparison.Ordinal) || !string.Equals(symbols[i + 1], pair.Right, StringComparison.Ordinal))
                continue;
            symbols[i] += symbols[i + 1];
            symbols.RemoveAt(i + 1);
        }
    }
}
