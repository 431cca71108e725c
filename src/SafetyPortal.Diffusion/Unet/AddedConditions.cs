using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Unet;

/// <summary>
/// Conditions that Stable Diffusion XL adds to the timestep (Podell et al. 2023, arXiv 2307.01952, section 2.2): the pooled text embedding
/// and six numbers, namely height and width of the original, top and left of the crop, height and width of the target.
/// </summary>
/// <remarks>
/// They follow the text embedding as further rows of the same tensor, so code that batches, repeats or mixes conditions needs no case for XL.
/// <see cref="Pack"/> appends the rows, and the network removes them.
/// </remarks>
/// <param name="SizeChannels">Channels of the sinusoidal embedding of each number.</param>
/// <param name="InputChannels">Channels of pooled text and embedded numbers together.</param>
public sealed record AddedConditions(int SizeChannels, int InputChannels)
{
    /// <summary>Numbers that describe the image.</summary>
    public const int Sizes = 6;

    /// <summary>Stable Diffusion XL as published.</summary>
    public static AddedConditions Sdxl { get; } = new(256, 2816);

    /// <summary>Width of the pooled text embedding.</summary>
    public int PooledChannels => InputChannels - (Sizes * SizeChannels);

    /// <summary>Returns the number of rows after the text.</summary>
    /// <param name="width">Channels of a row, the UNet's cross_attention_dim.</param>
    public long Rows(long width) => (PooledChannels + Sizes + width - 1) / width;

    /// <summary>Appends the rows to the text.</summary>
    /// <param name="text">[B, S, D]</param>
    /// <param name="pooled">[B, pooled]</param>
    /// <param name="sizes">Original height and width, crop top and left, target height and width, in pixels; for the whole batch.</param>
    /// <returns>[B, S + rows, D]</returns>
    public Tensor Pack(Tensor text, Tensor pooled, IReadOnlyList<float> sizes)
    {
        if (sizes.Count != Sizes)
            throw new ArgumentException($"Expected {Sizes} numbers, got {sizes.Count}.", nameof(sizes));
        if (pooled.shape is not [var batch, var channels] || channels != PooledChannels || batch != text.shape[0])
        {
            throw new ArgumentException(
                $"Expected a pooled text embedding of shape [{text.shape[0]}, {PooledChannels}], got [{string.Join(", ", pooled.shape)}].", nameof(pooled));
        }

        using var scope = NewDisposeScope();
        var width = text.shape[2];
        var numbers = tensor(sizes.ToArray()).to(text).unsqueeze(0).expand(batch, Sizes); // [B, 6]
        var row = cat([pooled, numbers], 1); // [B, pooled + 6]
        row = nn.functional.pad(row, (0, (Rows(width) * width) - row.shape[1]));
        return cat([text, row.reshape(batch, -1, width)], 1).MoveToOuterDisposeScope();
    }

    /// <summary>Undoes <see cref="Pack"/>.</summary>
    /// <returns>Text [B, S, D], pooled [B, pooled], sizes [B, 6].</returns>
    internal (Tensor Text, Tensor Pooled, Tensor Sizes) Unpack(Tensor packed)
    {
        var rows = Rows(packed.shape[2]);
        var tokens = packed.shape[1] - rows;
        var flat = packed.narrow(1, tokens, rows).reshape(packed.shape[0], -1); // [B, rows * D]
        return (packed.narrow(1, 0, tokens), flat.narrow(1, 0, PooledChannels), flat.narrow(1, PooledChannels, Sizes));
    }
}
