using System.Text.Json;
using SafetyPortal.Diffusion.Tokenizer;

namespace SafetyPortal.Lab.Parity;

/// <summary>04_tokenizer: exact ids of every prompt, against openai's CLIP without ftfy.</summary>
internal static class TokenizerParity
{
    public static void Check(GoldenSet set, ItemChecks checks)
    {
        var tokenizer = ClipTokenizer.Load(set.At("pipeline", "tokenizer"));
        var number = 0;
        foreach (var line in File.ReadLines(set.At("04_tokenizer", "tokens.jsonl")).Where(l => !string.IsNullOrWhiteSpace(l)))
        {
            number++;
            using var entry = JsonDocument.Parse(line);
            var prompt = entry.RootElement.GetProperty("prompt").GetString()!;
            var name = $"prompt {number} \"{(prompt.Length <= 40 ? prompt : prompt[..40] + "...")}\"";
            checks.Exact(name, tokenizer.Encode(prompt), [.. entry.RootElement.GetProperty("ids").EnumerateArray().Select(i => i.GetInt64())]);
            if (entry.RootElement.TryGetProperty("full_len", out var length))
                checks.Add($"{name} length", Math.Abs(tokenizer.CountTokens(prompt) - length.GetInt32()), 0);
        }
    }
}
