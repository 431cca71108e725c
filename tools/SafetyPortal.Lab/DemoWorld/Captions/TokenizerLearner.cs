namespace SafetyPortal.Lab.DemoWorld.Captions;

/// <summary>Learns a byte-pair vocabulary from captions.</summary>
/// <remarks>Sennrich, Haddow, Birch, "Neural machine translation of rare words with subword units", ACL 2016, algorithm 1.</remarks>
public static class TokenizerLearner
{
    /// <summary>Tokens per caption with start and end: the longest caption of the demo world has 17.</summary>
    public const int MaxLength = 20;

    private static readonly Comparer<(string Left, string Right)> Ordinal = Comparer<(string Left, string Right)>.Create((a, b) =>
        string.CompareOrdinal(a.Left, b.Left) is var left && left != 0 ? left : string.CompareOrdinal(a.Right, b.Right));

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
            var counts = new SortedDictionary<(string Left, string Right), int>(Ordinal);
            foreach (var (symbols, count) in words)
            {
                foreach (var pair in symbols.Zip(symbols.Skip(1)))
                    counts[pair] = counts.GetValueOrDefault(pair) + count;
            }

            if (counts.Count == 0)
                return merges;
            var best = counts.MaxBy(p => p.Value).Key;
            merges.Add(best);
            foreach (var (symbols, _) in words)
                Merge(symbols, best);
        }
    }

    /// <summary>Writes the tokenizer's folder; the end token has the highest id.</summary>
    /// <returns>The vocabulary size.</returns>
    public static int Write(string directory, IReadOnlyList<(string Left, string Right)> merges)
    {
        var bytes = TokenizerFolder.ByteSymbols();
        string[] tokens =
        [
            .. bytes, .. bytes.Select(b => b + TokenizerFolder.EndOfWord), .. merges.Select(m => m.Left + m.Right), TokenizerFolder.Start, TokenizerFolder.End,
        ];
        TokenizerFolder.Write(directory, tokens.Index().ToDictionary(t => t.Item, t => t.Index, StringComparer.Ordinal), merges, MaxLength);
        return tokens.Length;
    }

    private static List<string> Characters(string word)
    {
        var symbols = word.Select(c => c.ToString()).ToList();
        symbols[^1] += TokenizerFolder.EndOfWord;
        return symbols;
    }

    private static void Merge(List<string> symbols, (string Left, string Right) pair)
    {
        for (var i = 0; i + 1 < symbols.Count; i++)
        {
            if ((symbols[i], symbols[i + 1]) != pair)
                continue;
            symbols[i] += symbols[i + 1];
            symbols.RemoveAt(i + 1);
        }
    }
}
