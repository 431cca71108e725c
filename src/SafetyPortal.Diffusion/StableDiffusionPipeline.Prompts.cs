using SafetyPortal.Diffusion.Tokenizer;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion;

// From prompts to what the UNet is conditioned on.
public sealed partial class StableDiffusionPipeline
{
    /// <summary>
    /// The text conditions: last hidden states [B, T, D] of the padded prompts. Of Stable Diffusion XL: the hidden states before the last
    /// layer of both encoders side by side, and behind them the rows of <see cref="Unet.AddedConditions"/>. Each prompt is encoded by
    /// itself, so that its embedding does not depend on its neighbours.
    /// </summary>
    /// <param name="prompts">The empty one stands for no condition.</param>
    /// <param name="height">Image height in pixels, which XL is told; null is the model's own.</param>
    /// <param name="width">Image width in pixels, likewise.</param>
    /// <exception cref="ArgumentException">A prompt is too long to be tokenized.</exception>
    public Tensor EncodePrompts(IReadOnlyList<string> prompts, int? height = null, int? width = null)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var encoded = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var prompt in prompts.Distinct(StringComparer.Ordinal))
        {
            encoded[prompt] = Second is { } second
                ? EncodeForXl(prompt, second, height ?? DefaultSize, width ?? DefaultSize)
                : TextEncoder.call(Ids(Tokenizer, prompt)); // [1, T, D]
        }

        return cat([.. prompts.Select(p => encoded[p])]).MoveToOuterDisposeScope(); // [B, T, D]
    }

    // The picture is told to be neither scaled nor cropped.
    private Tensor EncodeForXl(string prompt, SecondTextEncoder second, int height, int width)
    {
        using var scope = NewDisposeScope();
        var (text, pooled) = second.ZerosForEmptyPrompt && prompt.Length == 0 ? Nothing(second) : Both(prompt, second);
        return Unet.Config.Added!.Pack(text, pooled, [height, width, 0, 0, height, width]).MoveToOuterDisposeScope();
    }

    private (Tensor Text, Tensor Pooled) Both(string prompt, SecondTextEncoder second)
    {
        var (first, _) = TextEncoder.EncodePenultimate(Ids(Tokenizer, prompt)); // [1, T, D1]
        var (other, pooled) = second.Encoder.EncodePenultimate(Ids(second.Tokenizer, prompt)); // [1, T, D2], [1, pooled]
        return (cat([first, other], -1), pooled!);
    }

    private (Tensor Text, Tensor Pooled) Nothing(SecondTextEncoder second) =>
        (zeros([1, Tokenizer.ModelMaxLength, Unet.Config.CrossAttentionDim[0]], dtype: Dtype, device: Device),
            zeros([1, second.Encoder.Config.ProjectionDim], dtype: Dtype, device: Device));

    private Tensor Ids(ClipTokenizer tokenizer, string prompt) => tensor(tokenizer.EncodePadded(prompt), device: Device).unsqueeze(0); // [1, T]
}
