using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Onnx;

/// <summary>Files are untrusted: what is damaged, too large or not supported is refused with a message, before memory is spent on it.</summary>
public sealed class OnnxRefusalTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Parse_UnknownOperators_NamesAllOfThem()
    {
        var model = new OnnxModelWriter().Input("x").Output("y").Node("Relu", "x -> a").Node("Loop", "a -> b").Node("Einsum", "b -> c").Node("Loop", "c -> y");
        Refused(model.ToBytes()).ShouldContain("not supported: Einsum, Loop");
    }

    [Fact]
    public void Parse_TwoPortsOfOneName_IsRefused()
    {
        Refused(new OnnxModelWriter().Input("x").Input("x").Output("y").Node("Relu", "x -> y").ToBytes()).ShouldContain("several inputs called \"x\"");
        Refused(new OnnxModelWriter().Input("x").Output("y").Output("y").Node("Relu", "x -> y").ToBytes()).ShouldContain("several outputs called \"y\"");
    }

    [Fact]
    public void Parse_TensorInAnotherFile_IsRefused()
    {
        byte[] tensor = [.. OnnxModelWriter.Number(1, 4), .. OnnxModelWriter.Number(2, 1), .. OnnxModelWriter.Text(8, "w"), .. OnnxModelWriter.Bytes(13, OnnxModelWriter.Text(1, "location")), .. OnnxModelWriter.Number(14, 1)];
        Refused(Model(OnnxModelWriter.Bytes(5, tensor))).ShouldContain("\"w\" lies in another file");
    }

    [Fact]
    public void Parse_TensorThatClaimsMoreThanItHas_IsRefusedBeforeItIsMade()
    {
        byte[] tensor = [.. OnnxModelWriter.Number(1, 1 << 26), .. OnnxModelWriter.Number(2, 1), .. OnnxModelWriter.Text(8, "w"), .. OnnxModelWriter.Bytes(9, new byte[8])];
        Refused(Model(OnnxModelWriter.Bytes(5, tensor))).ShouldContain("needs 268435456 bytes, 8 are stored");
        byte[] overflow = [.. Enumerable.Repeat(OnnxModelWriter.Number(1, long.MaxValue), 3).SelectMany(d => d), .. OnnxModelWriter.Number(2, 1), .. OnnxModelWriter.Text(8, "w")];
        Refused(Model(OnnxModelWriter.Bytes(5, overflow))).ShouldContain("at most 134,217,728 elements");
    }

    [Theory]
    [InlineData(new byte[0], "no graph")]
    [InlineData(new byte[] { 0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F }, "a field of 4294967295 bytes with 0 left")]
    [InlineData(new byte[] { 0x3A }, "an end in the middle of a number")]
    [InlineData(new byte[] { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80 }, "more than ten bytes")]
    [InlineData(new byte[] { 0x0B, 0x00 }, "a field key")]
    [InlineData(new byte[] { 0x38, 0x01 }, "stored as Varint, expected Bytes")]
    public void Parse_DamagedBytes_SaysWhatIsWrong(byte[] bytes, string expected) => Refused(bytes).ShouldContain(expected);

    [Fact]
    public void Parse_EveryPrefixOfAModel_IsRefusedOrEmptyButNeverCrashes()
    {
        var model = new OnnxModelWriter().Input("x", 1, 3, null, null).Initializer("w", ones(2, 3, 1, 1)).Output("y").Node("Conv", "x, w -> y", ("strides", new long[] { 1, 1 })).ToBytes();
        for (var length = 0; length < model.Length; length++)
            Should.Throw<OnnxException>(() => OnnxSession.Parse(model.AsSpan(0, length)).Dispose());
    }

    [Fact]
    public void Parse_EveryByteChanged_NeverCrashes()
    {
        var model = new OnnxModelWriter().Input("x", 1, 3, 2, 2).Initializer("w", ones(2, 3, 1, 1)).Output("y").Node("Conv", "x, w -> y", ("strides", new long[] { 1, 1 })).ToBytes();
        using var x = ones(1, 3, 2, 2);
        var refused = 0;
        for (var i = 0; i < model.Length; i++)
        {
            foreach (var flip in new byte[] { 0x01, 0x80, 0xFF })
            {
                var altered = model.ToArray();
                altered[i] ^= flip;
                try
                {
                    using var session = OnnxSession.Parse(altered);
                    session.Run(x).Dispose();
                }
                catch (OnnxException)
                {
                    refused++;
                }
            }
        }

        refused.ShouldBeGreaterThan(model.Length);
    }

    [Theory]
    [InlineData(6, "needs operator set 6; supported are 7 to 21")]
    [InlineData(99, "needs operator set 99")]
    public void Parse_OtherOperatorSet_IsRefused(long opset, string expected)
        => Refused(new OnnxModelWriter(opset).Input("x").Output("y").Node("Relu", "x -> y").ToBytes()).ShouldContain(expected);

    [Fact]
    public void Parse_OutOfOrder_NamesTheTensor()
    {
        Refused(new OnnxModelWriter().Input("x").Output("y").Node("Add", "x, later -> y").Node("Relu", "x -> later").ToBytes()).ShouldContain("takes \"later\", which nothing before it gives");
        Refused(new OnnxModelWriter().Input("x").Output("y").Node("Relu", "x -> z").ToBytes()).ShouldContain("gives \"y\", which nothing in it makes");
        Refused(new OnnxModelWriter().Input("x").Output("y").Node("Relu", "x -> y").Node("Relu", "x -> y").ToBytes()).ShouldContain("is there already");
    }

    [Fact]
    public void Run_AskingForHugeTensors_IsRefusedBeforeTheyAreMade()
    {
        Fails("ConstantOfShape", "n -> y", tensor(new long[] { 1 << 20, 1 << 20 })).ShouldContain("elements are supported");
        Fails("Expand", "x, n -> y", tensor(new long[] { 1 << 20, 1 << 20, 1 })).ShouldContain("elements are supported");
        Fails("Tile", "x, n -> y", tensor(new long[] { 1L << 27 })).ShouldContain("elements are supported");
        Fails("Resize", "x, , , n -> y", tensor(new[] { 1L << 40 })).ShouldContain("elements are supported");
        Fails("Pad", "x, n -> y", tensor(new[] { 0, 1L << 40 })).ShouldContain("paddings");
        Fails("Range", "zero, n, one -> y", tensor(1L << 40)).ShouldContain("a range from 0 to");
    }

    [Fact]
    public void Load_NoFile_SaysSo()
        => Should.Throw<OnnxException>(() => OnnxSession.Load("/nowhere/model.onnx")).Message.ShouldStartWith("/nowhere/model.onnx: ");

    private static string Fails(string type, string names, Tensor n)
    {
        var model = new OnnxModelWriter().Input("x").Output("y").Initializer("n", n).Initializer("zero", tensor(0L)).Initializer("one", tensor(1L)).Node(type, names);
        using var session = OnnxSession.Parse(model.ToBytes());
        return Should.Throw<OnnxException>(() => session.Run(ones(3))).Message;
    }

    private static byte[] Model(byte[] graph) => [.. OnnxModelWriter.Bytes(8, OnnxModelWriter.Number(2, 17)), .. OnnxModelWriter.Bytes(7, graph)];

    private static string Refused(byte[] model) => Should.Throw<OnnxException>(() => OnnxSession.Parse(model)).Message;
}
