using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Tokenizer;

namespace SafetyPortal.Diffusion;

/// <summary>What Stable Diffusion XL has beside the parts of the earlier models.</summary>
/// <param name="Tokenizer">Tokens for <paramref name="Encoder"/>.</param>
/// <param name="Encoder">With projection; its pooled output conditions the UNet beside its hidden states.</param>
/// <param name="ZerosForEmptyPrompt">The empty prompt is all zeros instead of what the encoders make of it.</param>
public sealed record SecondTextEncoder(ClipTokenizer Tokenizer, ClipTextModel Encoder, bool ZerosForEmptyPrompt);
