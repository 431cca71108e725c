using static TorchSharp.torch;

namespace TorchSharp.Tests;

public class DataTests
{
    [Fact]
    public void Bytes_NotContiguous_IsRefused()
    {
        using var scope = NewDisposeScope();
        var x = arange(6, float32).reshape(2, 3).t();
        Should.Throw<InvalidOperationException>(() => x.bytes.Length).Message.ShouldContain("contiguous");
        x.contiguous().bytes.Length.ShouldBe(24);
    }

    [Fact]
    public void Bytes_Set_NeedsTheExactLength()
    {
        using var scope = NewDisposeScope();
        var x = zeros(2);
        x.bytes = new byte[] { 0, 0, 0x80, 0x3F, 0, 0, 0, 0x40 };
        x.data<float>().ToArray().ShouldBe([1f, 2f]);
        Should.Throw<ArgumentException>(() => x.bytes = new byte[7]).Message.ShouldContain("holds 8 bytes, got 7");
    }

    [Fact]
    public void Data_OfAView_FollowsItsStrides()
    {
        using var scope = NewDisposeScope();
        var x = arange(12, float32).reshape(3, 4);
        x[.., 1..].t().data<float>().ToArray().ShouldBe([1f, 5f, 9f, 2f, 6f, 10f, 3f, 7f, 11f]);
        x.t().data<float>()[3, 2].ShouldBe(11f);
        x.select(0, 1).data<float>().ToArray().ShouldBe([4f, 5f, 6f, 7f]);
    }

    [Fact]
    public void Data_OfAnotherType_NamesBoth()
    {
        using var scope = NewDisposeScope();
        Should.Throw<ArgumentException>(() => ones(2).data<double>()).Message.ShouldContain("holds Float32, not Float64");
    }

    [Fact]
    public void Item_ManyElements_SaysTheShape()
    {
        using var scope = NewDisposeScope();
        Should.Throw<InvalidOperationException>(() => ones(2, 3).item<float>()).Message.ShouldContain("[2, 3]");
        tensor(7).ToSingle().ShouldBe(7f);
        ones(1, 1, requires_grad: true).ToDouble().ShouldBe(1.0);
    }

    /// <summary>1 + 2^-7 is a bfloat16; 1 + 2^-8 lies halfway and rounds to the even neighbour 1; 1 + 3 * 2^-8 up to 1 + 2^-6.</summary>
    [Fact]
    public void To_BFloat16AndBack_RoundsToNearestEven()
    {
        using var scope = NewDisposeScope();
        var values = new[] { 1f + 1f / 128, 1f + 1f / 256, 1f + 3f / 256, -2.5f, 3.0e38f };
        var narrow = tensor(values).to(bfloat16);
        narrow.dtype.ShouldBe(ScalarType.BFloat16);
        narrow.bytes.Length.ShouldBe(10);
        narrow.to(float32).data<float>().ToArray()[..4].ShouldBe([1f + 1f / 128, 1f, 1f + 1f / 64, -2.5f]);
        narrow.data<BFloat16>().ToArray().Select(v => v.ToSingle()).ShouldBe(values.Select(v => new BFloat16(v).ToSingle()));
    }

    [Fact]
    public void To_Float16AndBack_KeepsWhatFits()
    {
        using var scope = NewDisposeScope();
        var half = tensor(new[] { 0.5f, 512.5f, 70000f }).to(float16);
        half.data<Half>().ToArray().ShouldBe([(Half)0.5f, (Half)512.5f, Half.PositiveInfinity]);
        half.to(float32).data<float>()[1].ShouldBe(512.5f);
    }

    [Fact]
    public void To_SameTypeAndDevice_SharesMemoryUnlessCopied()
    {
        using var scope = NewDisposeScope();
        var x = zeros(1);
        x.to(float32).fill_(1);
        x.item<float>().ShouldBe(1f);
        x.to(float32, copy: true).fill_(2);
        x.item<float>().ShouldBe(1f);
    }

    [Fact]
    public void FromArray_ThreeDimensions_KeepsOrderAndType()
    {
        using var scope = NewDisposeScope();
        var x = from_array(new byte[,,] { { { 1, 2 }, { 3, 4 } } });
        x.shape.ShouldBe([1L, 2L, 2L]);
        x.dtype.ShouldBe(ScalarType.Byte);
        x.data<byte>()[0, 1, 0].ShouldBe((byte)3);
        x.to(float32).mean().item<float>().ShouldBe(2.5f);
    }

    [Fact]
    public void Frombuffer_OffsetAndCount_TakesThatPart()
    {
        using var scope = NewDisposeScope();
        frombuffer(new[] { 1f, 2f, 3f, 4f }, float32, count: 2, offset: 1).data<float>().ToArray().ShouldBe([2f, 3f]);
        Should.Throw<ArgumentException>(() => frombuffer(new[] { 1f }, float32, count: 2)).Message.ShouldContain("outside an array of 1");
    }

    [Fact]
    public void ToString_Values_ShowsShapeTypeAndElements()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new float[,] { { 1, 2 } });
        x.ToString().ShouldBe("[1x2], type = Float32, device = cpu");
        x.ToString(disamb: true).ShouldEndWith("= 1 2");
    }
}
