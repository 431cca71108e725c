using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion;

/// <summary>Stops a model whose numbers overflow. Its image would be black.</summary>
public static class Overflow
{
    /// <summary>Returns <paramref name="value"/> if all of it is finite.</summary>
    /// <param name="part">Names the part of the model that computed the value, and its step.</param>
    /// <exception cref="ModelFormatException"><paramref name="value"/> holds NaN or infinity; the message names the part.</exception>
    public static Tensor Refuse(Tensor value, Func<string> part)
    {
        using var finite = value.isfinite();
        using var all = finite.all();
        return all.ToBoolean()
            ? value
            : throw new ModelFormatException($"expected finite numbers from {part()}, got NaN or infinity: its weights overflow");
    }
}
