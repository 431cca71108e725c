using System.Text.Json.Nodes;

namespace SafetyPortal.Diffusion.Checkpoints;

/// <summary>A setting that is one number for all blocks of a network, or one number per block.</summary>
public sealed class PerBlock
{
    private readonly int[] values;
    private readonly bool same;

    private PerBlock(int[] values, bool same) => (this.values, this.same) = (values, same);

    /// <summary>The value for one block; 0 is the first of the down path.</summary>
    public int this[int block] => values[same ? 0 : block];

    public static implicit operator PerBlock(int value) => new([value], same: true);

    public static implicit operator PerBlock(int[] values) => new([.. values], same: false);

    /// <summary>Returns whether there is a value for each of <paramref name="count"/> blocks.</summary>
    public bool Fits(int count) => same || values.Length == count;

    public override string ToString() => same ? $"{values[0]}" : $"[{string.Join(", ", values)}]";

    internal JsonNode ToJson() => same ? JsonValue.Create(values[0]) : new JsonArray([.. values.Select(v => JsonValue.Create(v))]);
}
