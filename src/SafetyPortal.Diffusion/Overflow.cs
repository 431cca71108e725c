using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion;

/// <summary>Stops a model whose numbers overflow, before a black picture passes for a result.</summary>
public static class Overflow
{
    /// <summary>Returns <paramref name="value"/> if all of it is finite.</summary>
    /// <param name="value">What a part of the model computed.</param>
    /// <param name="part">The part, and the step it is at.</param>
    /// <exception cref="ModelFormatException">Names the part: <paramref name="value"/> holds NaN or infinity.</exception>
    public static Tensor Refuse(Tensor value, Func<string> part)
    {
        using var finite = value.isfinite();
        using var all = finite.all();
        return all.ToBoolean() ? value : throw new ModelFormatException($"expected finite numbers from {part()}, got NaN or infinity: its weights overflow");
    }
}
