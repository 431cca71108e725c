using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Onnx;

/// <summary>Operators that sum up along axes.</summary>
internal static class OnnxReductions
{
    public static IEnumerable<(string Name, Func<OnnxCall, Tensor[]> Run)> Operators { get; } =
    [
        ("ReduceMean", c => [Reduce(c, (x, axes, keep) => x.mean(axes, keep))]),
        ("ReduceSum", c => [Reduce(c, (x, axes, keep) => x.sum(axes, keep))]),
        ("ReduceMax", c => [Reduce(c, (x, axes, keep) => x.amax(axes, keep))]),
        ("ReduceMin", c => [Reduce(c, (x, axes, keep) => x.amin(axes, keep))]),
        ("ReduceL2", c => [Reduce(c, (x, axes, keep) => x.square().sum(axes, keep).sqrt())]),
        ("Softmax", c => [Softmax(c, x => x.softmax(-1))]),
        ("LogSoftmax", c => [Softmax(c, x => x.log_softmax(-1))]),
        ("ArgMax", c => [ArgMax(c)]),
        ("TopK", TopK),
    ];

    private static Tensor Reduce(OnnxCall c, Func<Tensor, long[], bool, Tensor> reduce)
    {
        var rank = c[0].dim();
        var axes = c.Ints("axes", 1) ?? [];
        if (axes.Length == 0 && c.Int("noop_with_empty_axes", 0) != 0)
            return c[0].alias();
        if (axes.Length == 0)
            axes = [.. Enumerable.Range(0, (int)rank).Select(d => (long)d)];
        if (axes.Length == 0)
            return c[0].alias();
        return reduce(c[0], [.. axes.Select(a => (long)OnnxCall.Axis(a, rank))], c.Int("keepdims", 1) != 0);
    }

    // Until set 12 everything from the axis on was one row.
    private static Tensor Softmax(OnnxCall c, Func<Tensor, Tensor> apply)
    {
        var x = c[0];
        if (c.Opset < 13)
        {
            var from = OnnxCall.Axis(c.Int("axis", 1), x.dim());
            return apply(x.reshape(x.shape.Take(from).Aggregate(1L, (n, d) => n * d), -1)).reshape(x.shape);
        }

        var axis = OnnxCall.Axis(c.Int("axis", -1), x.dim());
        return apply(x.transpose(axis, -1)).transpose(axis, -1);
    }

    private static Tensor ArgMax(OnnxCall c)
    {
        if (c.Int("select_last_index", 0) != 0)
            throw new OnnxException("attribute select_last_index is not supported");
        return c[0].argmax(OnnxCall.Axis(c.Int("axis", 0), c[0].dim()), c.Int("keepdims", 1) != 0);
    }

    private static Tensor[] TopK(OnnxCall c)
    {
        var axis = OnnxCall.Axis(c.Int("axis", -1), c[0].dim());
        var count = c.Has("k") ? c.Int("k", 0) : (long)OnnxCall.Number(c[1]);
        if (count < 0 || count > c[0].size(axis))
            throw new OnnxException($"the first {count} of {c[0].size(axis)}");
        var (values, positions) = c[0].topk((int)count, axis, c.Int("largest", 1) != 0, sorted: true);
        return [values, positions];
    }
}
