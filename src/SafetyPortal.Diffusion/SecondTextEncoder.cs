using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Tokenizer;

namespace SafetyPortal.Diffusion;

/// <summary>The parts that Stable Diffusion XL adds to those of the earlier models.</summary>
/// <param name="Tokenizer">Tokens for <paramref name="Encoder"/>.</param>
/// <param name="Encoder">With projection; its pooled output conditions the UNet, as its hidden states do.</param>
/// <param name="ZerosForEmptyPrompt">The empty prompt is all zeros instead of what the encoders make of it.</param>
public sealed record SecondTextEncoder(ClipTokenizer Tokenizer, ClipTextModel Encoder, bool ZerosForEmptyPrompt);
