using static TorchSharp.torch;

namespace TorchSharp.Tests;

public class ShapeTests
{
    [Fact]
    public void Shapes_RoundTrips_GiveTheOriginalBack()
    {
        using var scope = NewDisposeScope();
        var x = arange(24, float32).reshape(2, 3, 4);
        x.permute(2, 0, 1).shape.ShouldBe([4L, 2L, 3L]);
        x.permute(2, 0, 1).permute(1, 2, 0).equal(x).all().item<bool>().ShouldBeTrue();
        x.flatten(1).shape.ShouldBe([2L, 12L]);
        x.flatten(1).unflatten(1, 3, -1).shape.ShouldBe([2L, 3L, 4L]);
        x.unsqueeze(0).squeeze(0).shape.ShouldBe(x.shape);
        x.mT.shape.ShouldBe([2L, 4L, 3L]);
        x.transpose(0, 2).stride().ShouldBe([1L, 4L, 12L]);
        x.size(-1).ShouldBe(4);
        cat(x.chunk(2, 2), 2).equal(x).all().item<bool>().ShouldBeTrue();
        stack(x.unbind()).equal(x).all().item<bool>().ShouldBeTrue();
        x.split([1L, 2L], 1)[1].shape.ShouldBe([2L, 2L, 4L]);
        x.split(3, 2).Length.ShouldBe(2);
    }

    [Fact]
    public void RepeatExpandRollFlip_SmallRow_AreAsDefined()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 1f, 2f, 3f });
        x.repeat(2, 1).shape.ShouldBe([2L, 3L]);
        x.expand(4, 3).sum().item<float>().ShouldBe(24f);
        x.repeat_interleave(2).data<float>().ToArray().ShouldBe([1f, 1f, 2f, 2f, 3f, 3f]);
        x.roll(1).data<float>().ToArray().ShouldBe([3f, 1f, 2f]);
        x.flip(0).data<float>().ToArray().ShouldBe([3f, 2f, 1f]);
        ones(3, 3).triu(1).sum().item<float>().ShouldBe(3f);
        ones(3, 3).tril().sum().item<float>().ShouldBe(6f);
        x.diag().trace().item<float>().ShouldBe(6f);
        meshgrid([x, tensor(new[] { 10f, 20f })])[1].data<float>().ToArray().ShouldBe([10f, 20f, 10f, 20f, 10f, 20f]);
    }

    [Fact]
    public void Factories_Sized_HaveShapeTypeAndValue()
    {
        using var scope = NewDisposeScope();
        zeros(2, 3).sum().item<float>().ShouldBe(0f);
        ones([2, 3], int64).sum().item<long>().ShouldBe(6);
        full([2], 0.5, float32).data<float>().ToArray().ShouldBe([0.5f, 0.5f]);
        eye(3).trace().item<float>().ShouldBe(3f);
        linspace(0, 1, 5).data<float>().ToArray().ShouldBe([0f, 0.25f, 0.5f, 0.75f, 1f]);
        arange(0, 1, 0.25).data<float>().ToArray().ShouldBe([0f, 0.25f, 0.5f, 0.75f]);
        empty(2, 0, 3).numel().ShouldBe(0);
        full_like(ones(2, float64), 3).data<double>().ToArray().ShouldBe([3.0, 3.0]);
        tensor(2.5).dtype.ShouldBe(ScalarType.Float64);
        tensor(2.5f).dtype.ShouldBe(ScalarType.Float32);
        tensor(2).dtype.ShouldBe(ScalarType.Int32);
    }
}
