namespace SafetyPortal.Evaluation.Onnx;

/// <summary>What a model file may ask for. Far above any detector or classifier, far below what would exhaust a machine.</summary>
internal static class OnnxLimits
{
    /// <summary>Largest file read.</summary>
    public const long MaxFileBytes = 768L << 20;

    public const int MaxNodes = 50_000;

    public const int MaxRank = 8;

    /// <summary>Elements of one tensor: 512 MiB of floats.</summary>
    public const long MaxElements = 1L << 27;

    /// <summary>Elements of all intermediate tensors at one time.</summary>
    public const long MaxLiveElements = 1L << 29;

    /// <summary>Kernel sizes, strides, dilations and paddings.</summary>
    public const long MaxWindow = 4096;

    /// <summary>The number of elements of a shape, checked before anything of that shape is made.</summary>
    /// <exception cref="OnnxException">Too many, or a negative size.</exception>
    public static long Elements(IReadOnlyList<long> shape)
    {
        if (shape.Count > MaxRank)
            throw new OnnxException($"a tensor of {shape.Count} dimensions; at most {MaxRank} are supported");
        var count = 1L;
        foreach (var size in shape)
        {
            // Each factor is at most 2^27, so that the product cannot overflow before it is refused.
            if (size is < 0 or > MaxElements || (count *= size) > MaxElements)
                throw new OnnxException($"a tensor [{string.Join(", ", shape)}]; at most {MaxElements:N0} elements are supported");
        }

        return count;
    }
}
