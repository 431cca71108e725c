using System.Text;

namespace SafetyPortal.Diffusion.Tokenizer;

/// <summary>
/// Byte-pair encoding (Sennrich et al. 2016, arXiv 1508.07909) over the bytes of a word, the last byte marked <c>&lt;/w&gt;</c>.
/// Symbols are interned as numbers, and a heap of candidate pairs keeps long words at n log n instead of n squared.
/// </summary>
internal sealed class BytePairMerges
{
    /// <summary>What marks the last symbol of a word.</summary>
    public const string EndOfWord = "</w>";

    private static readonly char[] Alphabet = ByteAlphabet();

    private readonly Dictionary<string, int> _symbols = new(StringComparer.Ordinal);
    private readonly List<string> _texts = [];
    private readonly Dictionary<(int Left, int Right), (int Rank, int Merged)> _ranks;

    /// <param name="merges">Pairs in order of priority, the most frequent first.</param>
    public BytePairMerges(IReadOnlyList<(string Left, string Right)> merges)
    {
        _ranks = new(merges.Count);
        for (var rank = 0; rank < merges.Count; rank++)
        {
            var (left, right) = merges[rank];
            _ranks.TryAdd((Intern(left), Intern(right)), (rank, Intern(left + right)));
        }

        foreach (var c in Alphabet)
        {
            Intern(c.ToString());
            Intern(c + EndOfWord);
        }
    }

    /// <summary>The printable character that stands for each byte (GPT-2's table), so that any UTF-8 text has symbols.</summary>
    public static char[] ByteAlphabet()
    {
        var table = new char[256];
        var next = 256;
        for (var b = 0; b < 256; b++)
            table[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)b : (char)next++;
        return table;
    }

    /// <summary>The symbols of one word after all merges, in order.</summary>
    public List<string> Apply(string word)
    {
        var bytes = Encoding.UTF8.GetBytes(word);
        var symbol = new int[bytes.Length];
        var next = new int[bytes.Length];
        var previous = new int[bytes.Length];
        for (var i = 0; i < bytes.Length; i++)
        {
            var text = Alphabet[bytes[i]].ToString();
            symbol[i] = _symbols[i == bytes.Length - 1 ? text + EndOfWord : text];
            next[i] = i + 1;
            previous[i] = i - 1;
        }

        var queue = new PriorityQueue<(int At, int Left, int Right), (int Rank, int At)>();
        void Offer(int at)
        {
            if (at >= 0 && next[at] < bytes.Length && _ranks.TryGetValue((symbol[at], symbol[next[at]]), out var merge))
                queue.Enqueue((at, symbol[at], symbol[next[at]]), (merge.Rank, at));
        }

        for (var i = 0; i < bytes.Length; i++)
            Offer(i);
        while (queue.TryDequeue(out var pair, out _))
        {
            var at = pair.At;
            // A candidate is stale once either half was merged away.
            if (symbol[at] != pair.Left || next[at] >= bytes.Length || symbol[next[at]] != pair.Right)
                continue;
            var gone = next[at];
            symbol[at] = _ranks[(pair.Left, pair.Right)].Merged;
            symbol[gone] = -1;
            next[at] = next[gone];
            if (next[at] < bytes.Length)
                previous[next[at]] = at;
            Offer(previous[at]);
            Offer(at);
        }

        var result = new List<string>();
        for (var i = 0; i < bytes.Length; i = next[i])
            result.Add(_texts[symbol[i]]);
        return result;
    }

    private int Intern(string text)
    {
        if (_symbols.TryGetValue(text, out var id))
            return id;
        _symbols[text] = id = _texts.Count;
        _texts.Add(text);
        return id;
    }
}
