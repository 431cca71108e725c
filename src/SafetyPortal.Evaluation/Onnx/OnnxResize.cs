using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Onnx;

/// <summary>Scaling of pictures: nearest along any axis, linear along the last two.</summary>
internal static class OnnxResize
{
    public static IEnumerable<(string Name, Func<OnnxCall, Tensor[]> Run)> Operators { get; } = [("Resize", c => [Resize(c)]), ("Upsample", c => [Resize(c)])];

    private static Tensor Resize(OnnxCall c)
    {
        // Before set 11 (and for Upsample) the scales were the second input and positions were not shifted by half a pixel.
        var old = c.Opset < 11 || c.Inputs == 2 || c.Has("scales");
        var scales = c.Floats("scales") ?? (c.Optional(old ? 1 : 2) is { } given && given.numel() > 0 ? Floats(given) : null);
        var sizes = !old && c.Optional(3) is { } wanted && wanted.numel() > 0 ? OnnxCall.Numbers(wanted) : null;
        var x = c[0];
        if ((sizes?.Length ?? scales?.Length) != x.dim() || c.Has("axes"))
            throw new OnnxException($"expected a scale or a size for each axis of {OnnxCall.Shape(x)}");
        if (c.Text("keep_aspect_ratio_policy", "stretch") != "stretch" || c.Int("antialias", 0) != 0)
            throw new OnnxException("keeping the proportions and antialiasing are not supported");
        var output = sizes ?? [.. scales!.Select((s, d) => Scaled(x.size(d), s))];
        OnnxLimits.Elements(output);
        var position = c.Text("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
        var mode = c.Text("mode", "nearest");
        for (var d = 0; d < output.Length; d++)
        {
            var (from, to) = (x.size(d), output[d]);
            if (from == to)
                continue;
            if (from == 0 || to == 0)
                throw new OnnxException($"a size of {from} cannot become {to}");
            var scale = scales?[d] ?? (double)to / from;
            x = mode switch
            {
                "nearest" => x.index_select(d, tensor(Nearest(from, to, scale, position, c.Text("nearest_mode", old ? "floor" : "round_prefer_floor")), dtype: ScalarType.Int64)),
                "linear" => Linear(x, d, to, scale, position),
                _ => throw new OnnxException($"mode {mode} is not supported; supported are nearest and linear"),
            };
        }

        return x.alias();
    }

    private static long Scaled(long size, float scale) => scale is > 0 and <= 4096
        ? (long)Math.Floor(size * (double)scale)
        : throw new OnnxException($"a scale of {scale}; expected one above 0, at most 4096");

    private static float[] Floats(Tensor tensor)
    {
        if (tensor.dim() != 1 || tensor.numel() > OnnxLimits.MaxRank)
            throw new OnnxException($"expected a scale for each axis, got {OnnxCall.Shape(tensor)}");
        using var scope = NewDisposeScope();
        return tensor.to(ScalarType.Float32).contiguous().data<float>().ToArray();
    }

    // The place in the input that a place in the output looks at.
    private static double Source(long place, long from, long to, double scale, string position) => position switch
    {
        "half_pixel" => ((place + 0.5) / scale) - 0.5,
        "pytorch_half_pixel" => to > 1 ? ((place + 0.5) / scale) - 0.5 : 0,
        "asymmetric" => place / scale,
        // The size before rounding down, as the definition has it.
        "align_corners" => to > 1 ? place * (from - 1) / ((from * scale) - 1) : 0,
        _ => throw new OnnxException($"coordinate_transformation_mode {position} is not supported"),
    };

    private static long[] Nearest(long from, long to, double scale, string position, string rounding)
    {
        var indices = new long[to];
        for (var i = 0; i < to; i++)
        {
            var source = Source(i, from, to, scale, position);
            var rounded = rounding switch
            {
                "floor" => Math.Floor(source),
                "ceil" => Math.Ceiling(source),
                "round_prefer_floor" => Math.Ceiling(source - 0.5),
                "round_prefer_ceil" => Math.Floor(source + 0.5),
                _ => throw new OnnxException($"nearest_mode {rounding} is not supported"),
            };
            indices[i] = (long)Math.Clamp(rounded, 0, from - 1);
        }

        return indices;
    }

    // Two neighbours weighted by distance, the border repeated.
    private static Tensor Linear(Tensor x, int axis, long to, double scale, string position)
    {
        var from = x.size(axis);
        var (low, high, share) = (new long[to], new long[to], new float[to]);
        for (var i = 0; i < to; i++)
        {
            var source = Math.Clamp(Source(i, from, to, scale, position), 0, from - 1);
            low[i] = (long)Math.Floor(source);
            high[i] = Math.Min(low[i] + 1, from - 1);
            share[i] = (float)(source - low[i]);
        }

        using var scope = NewDisposeScope();
        var shape = new long[x.dim()];
        Array.Fill(shape, 1);
        shape[axis] = to;
        var weight = tensor(share, shape);
        var (first, second) = (x.index_select(axis, tensor(low, dtype: ScalarType.Int64)), x.index_select(axis, tensor(high, dtype: ScalarType.Int64)));
        return first.add(second.sub(first).mul(weight)).MoveToOuterDisposeScope();
    }
}
