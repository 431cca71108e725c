using SafetyPortal.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Onnx;

/// <summary>Single operators against the libtorch function of the same meaning, or numbers of ONNX's operator descriptions.</summary>
public sealed class OnnxSessionTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public OnnxSessionTests() => manual_seed(5);

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Run_Convolution_IsConv2d()
    {
        var (x, weight, bias) = (randn(2, 4, 9, 11), randn(6, 2, 3, 3), randn(6));
        var model = new OnnxModelWriter().Input("x", null, 4, null, null).Initializer("w", weight).Initializer("b", bias).Output("y")
            .Node("Conv", "x, w, b -> y", ("strides", new long[] { 2, 1 }), ("pads", new long[] { 1, 2, 1, 2 }), ("dilations", new long[] { 1, 2 }), ("group", 2L));

        ShouldBe(Run(model, x), nn.functional.conv2d(x, weight, bias, [2, 1], [1, 2], [1, 2], 2));
    }

    [Fact]
    public void Run_ConvolutionSameUpper_PadsMoreAfter()
    {
        var (x, weight) = (randn(1, 1, 6, 6), randn(1, 1, 4, 4));
        var model = new OnnxModelWriter().Input("x").Initializer("w", weight).Output("y").Node("Conv", "x, w -> y", ("auto_pad", "SAME_UPPER"));

        ShouldBe(Run(model, x), nn.functional.conv2d(nn.functional.pad(x, [1L, 2, 1, 2]), weight));
    }

    [Fact]
    public void Run_MaxPoolWithPadding_IgnoresThePadding()
    {
        var x = randn(1, 3, 8, 8).sub(10);
        var model = new OnnxModelWriter().Input("x").Output("y")
            .Node("MaxPool", "x -> y", ("kernel_shape", new long[] { 5, 5 }), ("strides", new long[] { 1, 1 }), ("pads", new long[] { 2, 2, 2, 2 }));

        ShouldBe(Run(model, x), nn.functional.max_pool2d(x, 5, 1, 2));
    }

    [Theory]
    [InlineData(0, 4f / 4)]
    [InlineData(1, 4f / 9)]
    public void Run_AverageOfOnesInTheCorner_CountsPaddingWhenTold(long counted, float corner)
    {
        // Padding of 1 before and none after: the first of the windows of 3 x 3 sees 4 ones.
        var model = new OnnxModelWriter().Input("x").Output("y")
            .Node("AveragePool", "x -> y", ("kernel_shape", new long[] { 3, 3 }), ("pads", new long[] { 1, 1, 0, 0 }), ("count_include_pad", counted));

        Run(model, ones(1, 1, 4, 4)).data<float>().ToArray()[0].ShouldBe(corner, 1e-6);
    }

    [Fact]
    public void Run_TransposedConvolution_IsConvTranspose2d()
    {
        var (x, weight) = (randn(1, 4, 5, 6), randn(4, 3, 3, 3));
        var model = new OnnxModelWriter().Input("x").Initializer("w", weight).Output("y")
            .Node("ConvTranspose", "x, w -> y", ("strides", new long[] { 2, 2 }), ("pads", new long[] { 1, 1, 1, 1 }), ("output_padding", new long[] { 1, 0 }));

        ShouldBe(Run(model, x), nn.functional.conv_transpose2d(x, weight, strides: [2, 2], padding: [1, 1], output_padding: [1, 0]));
    }

    // ONNX's own example: 4 pixels by 0.6 are 2, and the corners of 2.4 are aligned.
    [Fact]
    public void Run_LinearResizeAligningCorners_UsesTheSizeBeforeRounding()
    {
        var model = new OnnxModelWriter().Input("x").Initializer("s", tensor(new[] { 1f, 1, 0.6f, 0.6f })).Output("y")
            .Node("Resize", "x, , s -> y", ("mode", "linear"), ("coordinate_transformation_mode", "align_corners"));

        Run(model, arange(1, 9, dtype: ScalarType.Float32).reshape(1, 1, 2, 4)).data<float>().ToArray().ShouldBe([1f, 3.142857f], 1e-4);
    }

    [Fact]
    public void Run_BatchNormalizationThenReluAndPool_IsResNetsHead()
    {
        var (x, scale, bias, mean, var) = (randn(2, 3, 4, 4), rand(3), randn(3), randn(3), rand(3));
        var model = new OnnxModelWriter().Input("x").Initializer("s", scale).Initializer("b", bias).Initializer("m", mean).Initializer("v", var).Initializer("w", ones(2, 3)).Output("y")
            .Node("BatchNormalization", "x, s, b, m, v -> n", ("epsilon", 1e-3f))
            .Node("Relu", "n -> r").Node("GlobalAveragePool", "r -> p").Node("Flatten", "p -> f").Node("Gemm", "f, w -> y", ("transB", 1L));

        var expected = nn.functional.batch_norm(x, mean, var, scale, bias, eps: 1e-3).relu().mean([2L, 3L]).matmul(ones(3, 2));
        ShouldBe(Run(model, x), expected);
    }

    [Fact]
    public void Run_NearestResizeByTwo_RepeatsPixels()
    {
        var x = randn(1, 2, 3, 3);
        var model = new OnnxModelWriter().Input("x").Initializer("s", tensor(new[] { 1f, 1, 2, 2 })).Output("y")
            .Node("Resize", "x, , s -> y", ("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor"));

        ShouldBe(Run(model, x), nn.functional.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Nearest));
    }

    [Fact]
    public void Run_LinearResizeToASize_IsBilinear()
    {
        var x = randn(1, 2, 5, 7);
        var model = new OnnxModelWriter().Input("x").Initializer("n", tensor(new long[] { 1, 2, 8, 4 })).Output("y").Node("Resize", "x, , , n -> y", ("mode", "linear"));

        ShouldBe(Run(model, x), nn.functional.interpolate(x, size: [8, 4], mode: InterpolationMode.Bilinear, align_corners: false));
    }

    // From ONNX's description of Slice: the last index counted from the end, and backwards.
    [Theory]
    [InlineData(1, 1000, 1, new float[] { 1, 2, 3, 4 })]
    [InlineData(-3, -1, 1, new float[] { 2, 3 })]
    [InlineData(4, -1000, -2, new float[] { 4, 2, 0 })]
    [InlineData(-1, 0, -1, new float[] { 4, 3, 2, 1 })]
    [InlineData(9, 2, 1, new float[0])]
    public void Run_Slice_FollowsOnnx(long start, long end, long step, float[] expected)
    {
        var model = new OnnxModelWriter().Input("x").Output("y").Initializer("a", zeros(1, dtype: ScalarType.Int64))
            .Initializer("b", tensor(new[] { start })).Initializer("e", tensor(new[] { end })).Initializer("s", tensor(new[] { step }))
            .Node("Slice", "x, b, e, a, s -> y");

        Run(model, arange(5, dtype: ScalarType.Float32)).data<float>().ToArray().ShouldBe(expected);
    }

    [Fact]
    public void Run_SoftmaxBeforeSet13_TakesEverythingFromTheAxisOn()
    {
        var x = randn(2, 3, 4);
        var model = new OnnxModelWriter(opset: 11).Input("x").Output("y").Node("Softmax", "x -> y", ("axis", 1L));

        ShouldBe(Run(model, x), x.reshape(2, 12).softmax(-1).reshape(2, 3, 4));
    }

    [Fact]
    public void Run_ShapesComputedInTheGraph_AreFollowed()
    {
        // The exporter's way of writing x.view(x.size(0), -1).
        var x = randn(3, 4, 5);
        var model = new OnnxModelWriter().Input("x").Output("y").Initializer("zero", tensor(0L)).Initializer("axis", zeros(1, dtype: ScalarType.Int64)).Initializer("rest", tensor(new[] { -1L }))
            .Node("Shape", "x -> s").Node("Gather", "s, zero -> n").Node("Unsqueeze", "n, axis -> u").Node("Concat", "u, rest -> t", ("axis", 0L)).Node("Reshape", "x, t -> y");

        ShouldBe(Run(model, x), x.reshape(3, 20));
    }

    [Fact]
    public void Run_GridOfCells_ConstantRangeExpandStack()
    {
        var model = new OnnxModelWriter().Input("x").Output("y").Initializer("o", tensor(0f)).Initializer("n", tensor(3f)).Initializer("d", tensor(1f))
            .Node("Range", "o, n, d -> r").Node("ConstantOfShape", "shape -> z", ("value", tensor(new[] { 0.5f }))).Node("Add", "r, z -> c").Node("Mul", "c, x -> y")
            .Initializer("shape", tensor(new long[] { 2, 3 }));

        Run(model, tensor(8f)).data<float>().ToArray().ShouldBe([4, 12, 20, 4, 12, 20]);
    }

    [Fact]
    public void Run_IntegerDivisionAndPower_KeepTheType()
    {
        var model = new OnnxModelWriter().Input("x").Output("y").Initializer("d", tensor(new long[] { 2, 2 })).Initializer("e", tensor(2f))
            .Node("Div", "x, d -> q").Node("Pow", "q, e -> y");

        var y = Run(model, tensor(new long[] { 7, -7 }));
        y.dtype.ShouldBe(ScalarType.Int64);
        y.data<long>().ToArray().ShouldBe([9, 9]);
    }

    [Fact]
    public void Run_OtherShapeThanDeclared_SaysBoth()
    {
        var model = new OnnxModelWriter().Input("images", 1, 3, 320, 320).Output("y").Node("Relu", "images -> y");
        using var session = OnnxSession.Parse(model.ToBytes());

        Should.Throw<OnnxException>(() => session.Run(zeros(1, 3, 10, 10))).Message.ShouldContain("images should be [1, 3, 320, 320], got [1, 3, 10, 10]");
    }

    [Fact]
    public void Run_ShapesThatDoNotFit_NamesTheOperation()
    {
        var model = new OnnxModelWriter().Input("x").Initializer("w", ones(4, 4)).Output("y").Node("MatMul", "x, w -> y");
        using var session = OnnxSession.Parse(model.ToBytes());

        Should.Throw<OnnxException>(() => session.Run(ones(2, 3))).Message.ShouldStartWith("MatMul making \"y\":");
    }

    [Fact]
    public void Run_LeavesNoTensorsBehind()
    {
        var model = new OnnxModelWriter().Input("x").Output("y").Node("Identity", "x -> a").Node("Max", "a -> b").Node("Sigmoid", "b -> c").Node("Mul", "b, c -> y");
        using var session = OnnxSession.Parse(model.ToBytes());
        using var x = randn(4).DetachFromDisposeScope();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        session.Run(x).Dispose();

        DisposeScopeManager.Statistics.ThreadTotalLiveCount.ShouldBe(before);
        x.numel().ShouldBe(4);
    }

    private static Tensor Run(OnnxModelWriter model, Tensor x)
    {
        using var session = OnnxSession.Parse(model.ToBytes());
        return session.Run(x);
    }

    private static void ShouldBe(Tensor actual, Tensor expected)
    {
        actual.shape.ShouldBe(expected.shape);
        actual.sub(expected).abs().max().ToDouble().Finite().ShouldBeLessThan(1e-5);
    }
}
