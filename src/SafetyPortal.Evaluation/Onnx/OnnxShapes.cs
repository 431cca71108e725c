using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Onnx;

/// <summary>Operators that rearrange, cut and make tensors.</summary>
internal static class OnnxShapes
{
    public static IEnumerable<(string Name, Func<OnnxCall, Tensor[]> Run)> Operators { get; } =
    [
        ("Constant", c => [Constant(c)]),
        ("ConstantOfShape", c => [ConstantOfShape(c)]),
        ("Shape", c => [Shape(c)]),
        ("Size", c => [tensor(c[0].numel())]),
        ("Range", c => [Range(c)]),
        ("Reshape", c => [Reshape(c)]),
        ("Flatten", c => [Flatten(c)]),
        ("Squeeze", c => [Squeeze(c)]),
        ("Unsqueeze", c => [Unsqueeze(c)]),
        ("Transpose", c => [c[0].permute(c.Ints("perm") ?? [.. Enumerable.Range(0, (int)c[0].dim()).Reverse().Select(d => (long)d)])]),
        ("Concat", c => [Concat(c)]),
        ("Split", Split),
        ("Slice", c => [Slice(c)]),
        ("Gather", c => [Gather(c)]),
        ("Expand", c => [Expand(c)]),
        ("Tile", c => [Tile(c)]),
        ("Pad", c => [Pad(c)]),
    ];

    private static Tensor Constant(OnnxCall c)
    {
        if (c.Constant("value") is { } value)
            return value.alias();
        if (c.Has("value_float"))
            return tensor(c.Float("value_float", 0));
        if (c.Has("value_int"))
            return tensor(c.Int("value_int", 0));
        return c.Floats("value_floats") is { } floats ? tensor(floats)
            : c.Ints("value_ints") is { } ints ? tensor(ints)
            : throw new OnnxException("a constant without a value that is supported (numbers or a tensor)");
    }

    private static Tensor ConstantOfShape(OnnxCall c)
    {
        var shape = OnnxCall.Numbers(c[0]);
        OnnxLimits.Elements(shape);
        return c.Constant("value") is { } value ? full(shape, OnnxCall.Number(value), dtype: value.dtype) : zeros(shape, dtype: ScalarType.Float32);
    }

    private static Tensor Shape(OnnxCall c)
    {
        var rank = c[0].dim();
        long Bound(string name, long absent) => Math.Clamp(c.Int(name, absent) is var at && at < 0 ? at + rank : at, 0, rank);
        var (start, end) = (Bound("start", 0), Bound("end", rank));
        return tensor(c[0].shape[(int)start..(int)Math.Max(start, end)]);
    }

    private static Tensor Range(OnnxCall c)
    {
        var (start, limit, step) = (OnnxCall.Number(c[0]), OnnxCall.Number(c[1]), OnnxCall.Number(c[2]));
        var count = Math.Max(0, Math.Ceiling((limit - start) / step));
        if (!(count <= OnnxLimits.MaxElements))
            throw new OnnxException($"a range from {start} to {limit} by {step}");
        // Start plus whole steps, as ONNX defines it.
        return arange(0, (long)count, dtype: ScalarType.Int64).to(ScalarType.Float64).mul(step).add(start).to(c[0].dtype);
    }

    private static Tensor Reshape(OnnxCall c)
    {
        var (x, wanted) = (c[0], OnnxCall.Numbers(c[1]));
        var keepZero = c.Int("allowzero", 0) != 0;
        for (var d = 0; d < wanted.Length; d++)
        {
            if (wanted[d] == 0 && !keepZero)
                wanted[d] = d < x.dim() ? x.size(d) : throw new OnnxException($"size {d} of {OnnxCall.Shape(x)}, which has none");
        }

        return x.reshape(wanted);
    }

    private static Tensor Flatten(OnnxCall c)
    {
        var axis = c.Int("axis", 1) is var at && at < 0 ? at + c[0].dim() : at;
        if (axis < 0 || axis > c[0].dim())
            throw new OnnxException($"axis {axis} of {OnnxCall.Shape(c[0])}");
        var rows = c[0].shape.Take((int)axis).Aggregate(1L, (n, d) => n * d);
        return c[0].reshape(rows, rows == 0 ? 0 : c[0].numel() / rows);
    }

    private static Tensor Squeeze(OnnxCall c)
    {
        var shape = c[0].shape;
        var axes = c.Ints("axes", 1)?.Select(a => OnnxCall.Axis(a, shape.Length)).ToHashSet()
            ?? [.. Enumerable.Range(0, shape.Length).Where(d => shape[d] == 1)];
        if (axes.Any(d => shape[d] != 1))
            throw new OnnxException($"axes [{string.Join(", ", axes)}] of {OnnxCall.Shape(c[0])} are not all of size 1");
        return c[0].reshape([.. shape.Where((_, d) => !axes.Contains(d))]);
    }

    private static Tensor Unsqueeze(OnnxCall c)
    {
        var given = c.Ints("axes", 1) ?? throw new OnnxException("the axes are missing");
        var rank = c[0].dim() + given.Length;
        if (rank > OnnxLimits.MaxRank)
            throw new OnnxException($"a tensor of {rank} dimensions");
        var axes = given.Select(a => OnnxCall.Axis(a, rank)).ToHashSet();
        if (axes.Count != given.Length)
            throw new OnnxException($"axes [{string.Join(", ", given)}] name one twice");
        var sizes = new Queue<long>(c[0].shape);
        return c[0].reshape([.. Enumerable.Range(0, (int)rank).Select(d => axes.Contains(d) ? 1 : sizes.Dequeue())]);
    }

    private static Tensor Concat(OnnxCall c)
    {
        var parts = c.All();
        var axis = OnnxCall.Axis(c.Int("axis", 0), parts[0].dim());
        var shape = parts[0].shape;
        shape[axis] = parts.Sum(p => p.dim() == shape.Length ? p.size(axis) : throw new OnnxException($"{OnnxCall.Shape(parts[0])} and {OnnxCall.Shape(p)}"));
        OnnxLimits.Elements(shape);
        return cat(parts, axis);
    }

    private static Tensor[] Split(OnnxCall c)
    {
        var axis = OnnxCall.Axis(c.Int("axis", 0), c[0].dim());
        var size = c[0].size(axis);
        var each = (size + c.Outputs - 1) / c.Outputs;
        var sizes = c.Ints("split", 1) ?? [.. Enumerable.Range(0, c.Outputs).Select(i => Math.Clamp(size - (i * each), 0, each))];
        if (sizes.Length != c.Outputs || sizes.Any(s => s < 0) || sizes.Sum() != size)
            throw new OnnxException($"parts [{string.Join(", ", sizes)}] of a size {size} for {c.Outputs} outputs");
        return c[0].split(sizes, axis);
    }

    private static Tensor Slice(OnnxCall c)
    {
        var starts = c.Ints("starts", 1) ?? throw new OnnxException("the starts are missing");
        var ends = c.Ints("ends", 2) ?? throw new OnnxException("the ends are missing");
        var axes = c.Ints("axes", 3) ?? [.. Enumerable.Range(0, starts.Length).Select(d => (long)d)];
        var steps = c.Ints("steps", 4) ?? [.. starts.Select(_ => 1L)];
        if (ends.Length != starts.Length || axes.Length != starts.Length || steps.Length != starts.Length)
            throw new OnnxException($"{starts.Length} starts, {ends.Length} ends, {axes.Length} axes and {steps.Length} steps");
        var result = c[0].alias();
        for (var i = 0; i < starts.Length; i++)
        {
            var axis = OnnxCall.Axis(axes[i], result.dim());
            result = Sliced(result, axis, starts[i], ends[i], steps[i]);
        }

        return result;
    }

    private static Tensor Sliced(Tensor x, int axis, long start, long end, long step)
    {
        var size = x.size(axis);
        if (step is 0 or < -int.MaxValue or > int.MaxValue)
            throw new OnnxException($"steps of {step}");
        // Backwards the last position is one before the first.
        var (least, most) = step > 0 ? (0L, size) : (-1L, size - 1);
        long Bound(long at) => Math.Clamp(at < 0 ? Math.Max(at, -size - 1) + size : at, least, most);
        var (from, to) = (Math.Clamp(start < 0 ? Math.Max(start, -size) + size : start, step > 0 ? 0 : -1, most), Bound(end));
        if (step > 0)
            return x.slice(axis, from, Math.Max(from, to), step);
        var positions = new List<long>();
        for (var at = from; at > to; at += step)
            positions.Add(at);
        return x.index_select(axis, tensor(positions.ToArray(), dtype: ScalarType.Int64));
    }

    private static Tensor Gather(OnnxCall c)
    {
        var (x, indices) = (c[0], c[1].to(ScalarType.Int64));
        var axis = OnnxCall.Axis(c.Int("axis", 0), x.dim());
        long[] shape = [.. x.shape[..axis], .. indices.shape, .. x.shape[(axis + 1)..]];
        OnnxLimits.Elements(shape);
        var size = x.size(axis);
        var flat = indices.reshape(-1);
        if (flat.numel() > 0 && (flat.min().item<long>() < -size || flat.max().item<long>() >= size))
            throw new OnnxException($"positions outside a size of {size}");
        return x.index_select(axis, where(flat.lt(0), flat.add(size), flat)).reshape(shape);
    }

    private static Tensor Expand(OnnxCall c)
    {
        var shape = OnnxArithmetic.BroadcastShape(c[0].shape, OnnxCall.Numbers(c[1]));
        OnnxLimits.Elements(shape);
        return c[0].expand(shape);
    }

    private static Tensor Tile(OnnxCall c)
    {
        var repeats = OnnxCall.Numbers(c[1]);
        if (repeats.Length != c[0].dim() || repeats.Any(r => r is < 0 or > OnnxLimits.MaxElements))
            throw new OnnxException($"repeats [{string.Join(", ", repeats)}] of {OnnxCall.Shape(c[0])}");
        OnnxLimits.Elements([.. c[0].shape.Zip(repeats, (size, times) => size * times)]);
        return c[0].repeat(repeats);
    }

    private static Tensor Pad(OnnxCall c)
    {
        var pads = c.Ints("pads", 1) ?? throw new OnnxException("the paddings are missing");
        var (x, rank) = (c[0], (int)c[0].dim());
        if (c.Optional(3) is not null || pads.Length != 2 * rank || Array.Exists(pads, p => p is < 0 or > OnnxLimits.MaxWindow))
            throw new OnnxException($"paddings [{string.Join(", ", pads)}] of {OnnxCall.Shape(x)}; expected a start and an end from 0 to {OnnxLimits.MaxWindow} for every axis");
        OnnxLimits.Elements([.. Enumerable.Range(0, rank).Select(d => x.size(d) + pads[d] + pads[d + rank])]);
        var mode = c.Text("mode", "constant") switch
        {
            "constant" => PaddingModes.Constant,
            "reflect" => PaddingModes.Reflect,
            "edge" => PaddingModes.Replicate,
            var other => throw new OnnxException($"padding mode {other} is not supported"),
        };
        // libtorch counts from the last axis, and reflects pictures in their two last axes only.
        var axes = mode == PaddingModes.Constant ? rank : 2;
        if (Enumerable.Range(0, rank - Math.Min(axes, rank)).Any(d => pads[d] != 0 || pads[d + rank] != 0))
            throw new OnnxException($"paddings [{string.Join(", ", pads)}] in mode {mode} beyond the two last axes are not supported");
        long[] reversed = [.. Enumerable.Range(0, Math.Min(axes, rank)).SelectMany(i => new[] { pads[rank - 1 - i], pads[(2 * rank) - 1 - i] })];
        var value = c.Optional(2) is { } given ? OnnxCall.Number(given) : c.Float("value", 0);
        return nn.functional.pad(x, reversed, mode, mode == PaddingModes.Constant ? value : 0);
    }
}
