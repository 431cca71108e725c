using SafetyPortal.Diffusion;
using SafetyPortal.Evaluation.Onnx;
using static SafetyPortal.Evaluation.Tests.Onnx.OnnxModelWriter;

namespace SafetyPortal.Evaluation.Tests.Onnx;

/// <summary>ONNX files are untrusted: each limit is tried with a file that breaks it.</summary>
public sealed class OnnxNetworkTests
{
    // A loop of 2^60 turns, whose body hands on its input.
    private static readonly byte[] EndlessBody =
    [
        .. Bytes(1, [.. Text(1, "go"), .. Text(2, "goOn"), .. Text(4, "Identity")]),
        .. Bytes(1, [.. Text(1, "v"), .. Text(2, "next"), .. Text(4, "Relu")]), .. Text(2, "body"),
        .. Scalar(11, "i", 7), .. Scalar(11, "go", 9), .. Bytes(11, Port("v", null)),
        .. Scalar(12, "goOn", 9), .. Bytes(12, Port("next", null)),
    ];

    [Fact]
    public void Run_Picture_GivesTheOutputAndItsShape()
    {
        using var network = OnnxNetwork.Parse(Model("Relu", "x -> y").ToBytes());

        var (values, shape) = network.Run([-1, 2, 3, -4, 5, 6], 1, 2);

        (network.Height, network.Width).ShouldBe((null, null));
        shape.ShouldBe([1L, 3, 1, 2]);
        values.ShouldBe([0f, 2, 3, 0, 5, 6]);
    }

    [Fact]
    public void Run_OtherSizeThanTheFileFixes_NamesBoth()
    {
        using var network = OnnxNetwork.Parse(new OnnxModelWriter().Input("x", 1, 3, 64, 32).Output("y").Node("Relu", "x -> y").ToBytes());

        Should.Throw<OnnxException>(() => network.Run(new float[3 * 10 * 10], 10, 10))
            .Message.ShouldContain("expected pixels [3, 64, 32] of at most 2048 a side, got 300 for [3, 10, 10]");
    }

    [Fact]
    public void Run_ShapesThatDoNotFit_NamesTheOperation()
    {
        using var network = OnnxNetwork.Parse(Model("MatMul", "x, w -> y").Initializer("w", [5, 5], new float[25]).ToBytes());

        Should.Throw<OnnxException>(() => network.Run(new float[12], 2, 2)).Message.ShouldContain("MatMul");
    }

    [Fact]
    public void Run_NumbersThatAreNotFinite_IsRefused()
    {
        using var network = OnnxNetwork.Parse(Model("Div", "x, w -> y").Initializer("w", [1], 0).ToBytes());

        Should.Throw<OnnxException>(() => network.Run(new float[12], 2, 2)).Message.ShouldBe("expected finite numbers, got NaN or infinity in y");
    }

    [Theory]
    [InlineData("ConstantOfShape", "n -> y", new long[] { 40_000, 40_000 })]
    [InlineData("Expand", "x, n -> y", new long[] { 30_000, 3, 100, 100 })]
    public void Run_MoreMemoryThanTheLimit_IsRefused(string type, string names, long[] shape)
    {
        using var network = OnnxNetwork.Parse(Model(type, names).Integers("n", shape).ToBytes());

        Should.Throw<OnnxException>(() => network.Run(new float[3], 1, 1)).Message.ShouldContain("memory");
    }

    [Fact]
    public void Run_EndlessLoop_IsStoppedByTheTimeLimit()
    {
        using var network = OnnxNetwork.Parse(Endless(), TimeSpan.FromSeconds(1));

        Should.Throw<OnnxException>(() => network.Run(new float[3], 1, 1)).Message.ShouldContain("within 1 seconds");
    }

    [Fact]
    public void Run_EndlessLoop_IsStoppedByCancellation()
    {
        using var network = OnnxNetwork.Parse(Endless());
        using var cancellation = new CancellationTokenSource(TimeSpan.FromSeconds(1));

        Should.Throw<OperationCanceledException>(() => network.Run(new float[3], 1, 1, cancellation.Token));
    }

    public static TheoryData<string, byte[]> ModelsWithOtherFiles()
    {
        var tensor = External(Number(14, 1));
        byte[] constant = [.. Text(1, "value"), .. Bytes(5, tensor)];
        byte[] node = [.. Text(4, "Constant"), .. Bytes(5, constant)];
        byte[] branch = [.. Text(1, "then_branch"), .. Bytes(6, Bytes(1, node))];
        return new()
        {
            { "initializer", File(Bytes(5, tensor)) },
            { "location given twice", File(Bytes(5, [.. tensor, .. Number(14, 0)])) },
            { "a name without a location", File(Bytes(5, External([]))) },
            { "sparse initializer", File(Bytes(15, Bytes(1, tensor))) },
            { "attribute", File(Bytes(1, node)) },
            { "attribute of a nested graph", File(Bytes(1, Bytes(5, branch))) },
            { "function", File([], Bytes(25, Bytes(7, node))) },
            { "training", File([], Bytes(20, Bytes(1, Bytes(5, tensor)))) },
        };
    }

    [Theory]
    [MemberData(nameof(ModelsWithOtherFiles))]
    public void Parse_TensorInAnotherFile_IsRefused(string place, byte[] model)
        => Refused(model).ShouldContain("got one with data in another file", customMessage: place);

    [Fact]
    public void Parse_NestedDeeperThanTheLimit_IsRefused()
    {
        byte[] graph = [];
        for (var i = 0; i < 40; i++)
            graph = Bytes(1, Bytes(5, Bytes(6, graph)));
        Refused(File(graph)).ShouldContain("nested at most 64 deep");
    }

    [Theory]
    [InlineData(new byte[0], "No graph was found")]
    [InlineData(new byte[] { 0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F }, "a field of 4294967295 bytes with 0 left")]
    [InlineData(new byte[] { 0x3A }, "a field of 1 bytes with 0 left")]
    [InlineData(new byte[] { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80 }, "more than ten bytes")]
    [InlineData(new byte[] { 0x0B, 0x00 }, "wire type 3")]
    [InlineData(new byte[] { 0, 0, 0, 0, (byte)'O', (byte)'R', (byte)'T', (byte)'M' }, "a protobuf key 0")]
    public void Parse_DamagedBytes_SaysWhatIsWrong(byte[] bytes, string expected) => Refused(bytes).ShouldContain(expected);

    [Fact]
    public void Parse_EveryByteChangedOrLeftOut_NeverCrashes()
    {
        var model = Model("Conv", "x, w -> y").Initializer("w", [2, 3, 1, 1], new float[6]).ToBytes();
        for (var i = 0; i < model.Length; i++)
        {
            Should.Throw<OnnxException>(() => OnnxNetwork.Parse(model[..i]).Dispose());
            foreach (var flip in new byte[] { 0x01, 0x80, 0xFF })
            {
                var altered = model.ToArray();
                altered[i] ^= flip;
                Action run = () =>
                {
                    using var network = OnnxNetwork.Parse(altered);
                    network.Run(new float[12], 2, 2);
                };
                if (Record.Exception(run) is { } error)
                    error.ShouldBeOfType<OnnxException>();
            }
        }
    }

    [Fact]
    public void Parse_OtherPorts_SaysWhatWasExpected()
    {
        Refused(new OnnxModelWriter().Input("ids", 1, 77).Output("y").Node("Relu", "ids -> y"))
            .ShouldContain("expected an input [1, 3, height, width] of at most 2048 a side, got ids [1, 77]");
        Refused(new OnnxModelWriter().Input("x", 1, 3, 4096, 4096).Output("y").Node("Relu", "x -> y")).ShouldContain("got x [1, 3, 4096, 4096]");
        Refused(Model("Add", "x, z -> y").Input("z", 1)).ShouldContain("expected one input, got 2: x, z");
        Refused(Model("Relu", "x -> y").Output("x")).ShouldContain("expected one output, got 2");
        Refused(Model("Nope", "x -> y")).ShouldContain("Nope");
    }

    [Fact]
    public void Load_NoFile_NamesIt()
        => Should.Throw<ModelFormatException>(() => OnnxNetwork.Load("/nowhere/model.onnx")).Message.ShouldStartWith("/nowhere/model.onnx: ");

    [Fact]
    public void Load_FileThatIsNoModel_NamesIt()
        => Should.Throw<OnnxException>(() => OnnxNetwork.Load(typeof(OnnxNetwork).Assembly.Location))
            .Message.ShouldStartWith(typeof(OnnxNetwork).Assembly.Location);

    private static OnnxModelWriter Model(string type, string names) => new OnnxModelWriter().Input("x", 1, 3, null, null).Output("y").Node(type, names);

    private static byte[] Endless() =>
        Model("Add", "z, x -> y").Node("Loop", "count, , x -> z", ("body", EndlessBody)).Integers("count", 1L << 60).ToBytes();

    private static byte[] External(byte[] location) =>
    [
        .. Number(1, 4), .. Number(2, 1), .. Text(8, "w"),
        .. Bytes(13, [.. Text(1, "location"), .. Text(2, "secret.bin")]), .. location,
    ];

    private static byte[] Scalar(int field, string name, int type) =>
        Bytes(field, [.. Text(1, name), .. Bytes(2, Bytes(1, [.. Number(1, type), .. Bytes(2, [])]))]);

    private static string Refused(OnnxModelWriter model) => Refused(model.ToBytes());

    private static string Refused(byte[] model) => Should.Throw<OnnxException>(() => OnnxNetwork.Parse(model)).Message;
}
