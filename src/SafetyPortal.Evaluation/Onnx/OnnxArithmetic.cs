using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Onnx;

/// <summary>Operators on numbers one by one, and matrix products.</summary>
internal static class OnnxArithmetic
{
    public static IEnumerable<(string Name, Func<OnnxCall, Tensor[]> Run)> Operators { get; } =
    [
        .. Unary(),
        .. Binary(),
        ("Clip", c => [Clip(c)]),
        ("Where", c => [Where(c)]),
        ("Cast", c => [c[0].to(OnnxTensorReader.Type(c.Int("to", 0)))]),
        ("Min", c => [c.All().Aggregate((x, y) => Broadcast(x, y, minimum))]),
        ("Max", c => [c.All().Aggregate((x, y) => Broadcast(x, y, maximum))]),
        ("Sum", c => [c.All().Aggregate((x, y) => Broadcast(x, y, add))]),
        ("MatMul", c => [MatMul(c[0], c[1])]),
        ("Gemm", c => [Gemm(c)]),
        ("BatchNormalization", c => [BatchNormalization(c)]),
        ("LayerNormalization", c => [LayerNormalization(c)]),
    ];

    private static IEnumerable<(string Name, Func<OnnxCall, Tensor[]> Run)> Unary()
    {
        yield return ("Identity", c => [c[0].alias()]);
        yield return ("Dropout", c => [c[0].alias()]); // models are run, not trained
        yield return ("Relu", c => [c[0].relu()]);
        yield return ("LeakyRelu", c => [nn.functional.leaky_relu(c[0], c.Float("alpha", 0.01f))]);
        yield return ("PRelu", c => [Broadcast(c[0].clamp(max: 0), c[1], mul).add(c[0].relu())]);
        yield return ("Elu", c => [c[0].relu().add(c[0].clamp(max: 0).exp().sub(1).mul(c.Float("alpha", 1)))]);
        yield return ("Sigmoid", c => [c[0].sigmoid()]);
        yield return ("HardSigmoid", c => [c[0].mul(c.Float("alpha", 0.2f)).add(c.Float("beta", 0.5f)).clamp(0, 1)]);
        yield return ("HardSwish", c => [c[0].mul(1.0 / 6).add(0.5).clamp(0, 1).mul(c[0])]);
        yield return ("Tanh", c => [c[0].tanh()]);
        yield return ("Softplus", c => [c[0].relu().add(c[0].abs().neg().exp().log1p())]);
        yield return ("Erf", c => [c[0].erf()]);
        yield return ("Exp", c => [c[0].exp()]);
        yield return ("Log", c => [c[0].log()]);
        yield return ("Sqrt", c => [c[0].sqrt()]);
        yield return ("Reciprocal", c => [c[0].reciprocal()]);
        yield return ("Abs", c => [c[0].abs()]);
        yield return ("Neg", c => [c[0].neg()]);
        yield return ("Floor", c => [c[0].floor()]);
        yield return ("Ceil", c => [c[0].ceil()]);
        yield return ("Round", c => [c[0].round()]);
        yield return ("Sin", c => [c[0].sin()]);
        yield return ("Cos", c => [c[0].cos()]);
        yield return ("Not", c => [c[0].logical_not()]);
    }

    private static IEnumerable<(string Name, Func<OnnxCall, Tensor[]> Run)> Binary()
    {
        (string Name, Func<Tensor, Tensor, Tensor> Apply)[] operators =
        [
            ("Add", add), ("Sub", sub), ("Mul", mul), ("Div", Divide), ("Pow", Power), ("Equal", eq), ("Greater", gt), ("GreaterOrEqual", ge),
            ("Less", lt), ("LessOrEqual", le), ("And", logical_and), ("Or", logical_or),
        ];
        return operators.Select(o => (o.Name, (Func<OnnxCall, Tensor[]>)(c => [Broadcast(c[0], c[1], o.Apply)])));
    }

    /// <summary>Applies an operator to two tensors whose shapes are broadcast, after checking what comes out.</summary>
    private static Tensor Broadcast(Tensor x, Tensor y, Func<Tensor, Tensor, Tensor> apply)
    {
        OnnxLimits.Elements(BroadcastShape(x.shape, y.shape));
        return apply(x, y);
    }

    /// <summary>The common shape of two shapes, missing sizes counted as 1 on the left.</summary>
    public static long[] BroadcastShape(ReadOnlySpan<long> x, ReadOnlySpan<long> y)
    {
        var shape = new long[Math.Max(x.Length, y.Length)];
        for (var i = 1; i <= shape.Length; i++)
        {
            var (a, b) = (i <= x.Length ? x[^i] : 1, i <= y.Length ? y[^i] : 1);
            shape[^i] = a == b || b == 1 ? a : a == 1 ? b
                : throw new OnnxException($"shapes [{string.Join(", ", x.ToArray())}] and [{string.Join(", ", y.ToArray())}] do not go together");
        }

        return shape;
    }

    private static Tensor Divide(Tensor x, Tensor y) => x.dtype is ScalarType.Int64 or ScalarType.Int32 or ScalarType.Byte or ScalarType.Int8
        ? x.div(y, RoundingMode.trunc)
        : x.div(y);

    // The result has the type of the base.
    private static Tensor Power(Tensor x, Tensor y) => pow(x, y).to(x.dtype);

    private static Tensor Clip(OnnxCall c)
    {
        var low = c.Optional(1) is { } min ? OnnxCall.Number(min) : c.Float("min", float.NegativeInfinity);
        var high = c.Optional(2) is { } max ? OnnxCall.Number(max) : c.Float("max", float.PositiveInfinity);
        var result = c[0].alias();
        // An infinite bound is none; whole numbers have no infinity to compare with.
        if (!double.IsInfinity(low))
            result = result.clamp(min: low);
        return double.IsInfinity(high) ? result : result.clamp(max: high);
    }

    private static Tensor Where(OnnxCall c)
    {
        OnnxLimits.Elements(BroadcastShape(BroadcastShape(c[0].shape, c[1].shape), c[2].shape));
        return where(c[0].to(ScalarType.Bool), c[1], c[2]);
    }

    private static Tensor MatMul(Tensor x, Tensor y)
    {
        if (x.dim() == 0 || y.dim() == 0)
            throw new OnnxException("a product with a scalar");
        var (rows, columns) = (x.dim() > 1 ? x.size(-2) : 1, y.dim() > 1 ? y.size(-1) : 1);
        var batch = BroadcastShape(x.dim() > 2 ? x.shape.AsSpan()[..^2] : [], y.dim() > 2 ? y.shape.AsSpan()[..^2] : []);
        OnnxLimits.Elements([.. batch, rows, columns]);
        return x.matmul(y);
    }

    private static Tensor Gemm(OnnxCall c)
    {
        var (a, b) = (c.Int("transA", 0) != 0 ? c[0].t() : c[0], c.Int("transB", 0) != 0 ? c[1].t() : c[1]);
        var product = MatMul(a, b);
        if (c.Float("alpha", 1) is not 1f and var alpha)
            product = product.mul(alpha);
        if (c.Optional(2) is not { } bias)
            return product;
        return Broadcast(product, c.Float("beta", 1) is not 1f and var beta ? bias.mul(beta) : bias, add);
    }

    private static Tensor BatchNormalization(OnnxCall c)
    {
        if (c.Int("training_mode", 0) != 0 || c.Outputs > 1)
            throw new OnnxException("batch statistics of training are not supported");
        return nn.functional.batch_norm(c[0], c[3], c[4], c[1], c[2], training: false, momentum: 0.1, eps: c.Float("epsilon", 1e-5f));
    }

    private static Tensor LayerNormalization(OnnxCall c)
    {
        var axis = OnnxCall.Axis(c.Int("axis", -1), c[0].dim());
        return nn.functional.layer_norm(c[0], c[0].shape[axis..], c[1], c.Optional(2), c.Float("epsilon", 1e-5f));
    }
}
