using System.Text.Json;
using SafetyPortal.Diffusion.Tokenizer;

namespace SafetyPortal.Lab.Parity;

/// <summary>04_tokenizer: exact ids of every prompt, against openai's CLIP without ftfy.</summary>
internal static class TokenizerParity
{
    public static void Check(GoldenItem item)
    {
        var tokenizer = ClipTokenizer.Load(item.At("pipeline", "tokenizer"));
        foreach (var (line, i) in File.ReadLines(item.Here("tokens.jsonl")).Where(l => !string.IsNullOrWhiteSpace(l)).Select((l, i) => (l, i)))
        {
            using var entry = JsonDocument.Parse(line);
            var prompt = entry.RootElement.GetProperty("prompt").GetString()!;
            var name = $"prompt {i + 1} \"{(prompt.Length <= 40 ? prompt : prompt[..40] + "...")}\"";
            item.Exact(name, tokenizer.Encode(prompt), [.. entry.RootElement.GetProperty("ids").EnumerateArray().Select(id => id.GetInt64())]);
            item.IfAny(entry.RootElement, "full_len", $"{name} length", () => tokenizer.CountTokens(prompt), item.Absolute, 0);
        }
    }
}
