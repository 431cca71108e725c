using System.Text.Json.Nodes;

namespace SafetyPortal.Diffusion.Checkpoints;

/// <summary>A setting that is one number for all blocks of a network, or one number per block.</summary>
public sealed class PerBlock : IEquatable<PerBlock>
{
    private readonly int[] values;
    private readonly bool same;

    private PerBlock(int[] values, bool same)
    {
        this.values = values;
        this.same = same;
    }

    /// <summary>The value for one block.</summary>
    /// <param name="block">0 is the first block of the down path.</param>
    public int this[int block] => values[same ? 0 : block];

    public static implicit operator PerBlock(int value) => new([value], same: true);

    public static implicit operator PerBlock(int[] values) => Of(values);

    public static PerBlock Of(IReadOnlyList<int> values) => new([.. values], same: false);

    /// <summary>Whether there is a value for each of <paramref name="count"/> blocks.</summary>
    public bool Fits(int count) => same || values.Length == count;

    public bool Equals(PerBlock? other) => other is not null && same == other.same && values.AsSpan().SequenceEqual(other.values);

    public override bool Equals(object? obj) => Equals(obj as PerBlock);

    public override int GetHashCode() => HashCode.Combine(same, values.Length, values[0]);

    public override string ToString() => same ? $"{values[0]}" : $"[{string.Join(", ", values)}]";

    internal JsonNode ToJson() => same ? JsonValue.Create(values[0]) : new JsonArray([.. values.Select(v => JsonValue.Create(v))]);
}
