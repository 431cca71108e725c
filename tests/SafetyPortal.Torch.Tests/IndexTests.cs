using static TorchSharp.torch;

namespace TorchSharp.Tests;

/// <summary>All on 0..11 as three rows of four, so that a value tells its position.</summary>
public class IndexTests
{
    private static Tensor Grid() => arange(12).reshape(3, 4);

    [Fact]
    public void Index_NumbersAndSlices_PickThoseElements()
    {
        using var scope = NewDisposeScope();
        var x = Grid();
        x[1].data<long>().ToArray().ShouldBe([4L, 5L, 6L, 7L]);
        x[1, 2].item<long>().ShouldBe(6);
        x[^1, ^1].item<long>().ShouldBe(11);
        x[.., 0].data<long>().ToArray().ShouldBe([0L, 4L, 8L]);
        x[1.., ..^2].data<long>().ToArray().ShouldBe([4L, 5L, 8L, 9L]);
        x[TensorIndex.Ellipsis, TensorIndex.Slice(step: 3)].data<long>().ToArray().ShouldBe([0L, 3L, 4L, 7L, 8L, 11L]);
        x[TensorIndex.Slice(-2), TensorIndex.Single(1)].data<long>().ToArray().ShouldBe([5L, 9L]);
        x[TensorIndex.Null, TensorIndex.Ellipsis].shape.ShouldBe([1L, 3L, 4L]);
    }

    [Fact]
    public void Index_Tensors_GathersPositionsOrMask()
    {
        using var scope = NewDisposeScope();
        var x = Grid();
        x[tensor(new long[] { 0, 2 }), tensor(new long[] { 1, 3 })].data<long>().ToArray().ShouldBe([1L, 11L]);
        x[x.gt(8)].data<long>().ToArray().ShouldBe([9L, 10L, 11L]);
        x[TensorIndex.Ellipsis, TensorIndex.Tensor(tensor(new long[] { 3 }))].data<long>().ToArray().ShouldBe([3L, 7L, 11L]);
    }

    [Fact]
    public void Index_Set_WritesInPlace()
    {
        using var scope = NewDisposeScope();
        var x = Grid();
        x[0] = -1L;
        x[1.., 2..] = zeros(2, 2, int64);
        x.index_put_(99, TensorIndex.Single(2), TensorIndex.Single(0));
        x.data<long>().ToArray().ShouldBe([-1L, -1L, -1L, -1L, 4L, 5L, 0L, 0L, 99L, 9L, 0L, 0L]);
    }

    [Fact]
    public void IndexPut_AccumulateOnTheSamePosition_AddsBoth()
    {
        using var scope = NewDisposeScope();
        var x = zeros(3);
        x.index_put_(tensor(new[] { 1f, 2f }), [tensor(new long[] { 1, 1 })], accumulate: true);
        x.data<float>().ToArray().ShouldBe([0f, 3f, 0f]);
    }

    [Fact]
    public void GatherAndScatter_SameIndices_AreInverse()
    {
        using var scope = NewDisposeScope();
        var x = Grid();
        var order = tensor(new long[,] { { 3, 2, 1, 0 }, { 0, 1, 2, 3 }, { 1, 0, 3, 2 } });
        var gathered = x.gather(1, order);
        gathered.data<long>().ToArray().ShouldBe([3L, 2L, 1L, 0L, 4L, 5L, 6L, 7L, 9L, 8L, 11L, 10L]);
        zeros_like(x).scatter_(1, order, gathered).eq(x).all().item<bool>().ShouldBeTrue();
    }

    [Fact]
    public void IndexSelectAddCopy_Rows_TouchOnlyThose()
    {
        using var scope = NewDisposeScope();
        var x = Grid();
        var rows = tensor(new long[] { 2, 0 });
        x.index_select(0, rows).data<long>()[0, 0].ShouldBe(8);
        zeros(3, 4, int64).index_add_(0, rows, x.narrow(0, 0, 2), 2).sum(1).data<long>().ToArray().ShouldBe([44L, 0L, 12L]);
        zeros(3, 4, int64).index_copy_(0, rows, x.narrow(0, 0, 2)).sum(1).data<long>().ToArray().ShouldBe([22L, 0L, 6L]);
    }

    [Fact]
    public void MaskedFillSelectWhere_Mask_Agree()
    {
        using var scope = NewDisposeScope();
        var x = Grid();
        var mask = x.lt(10);
        x.masked_fill(mask, 0).sum().item<long>().ShouldBe(21);
        x.masked_select(mask.logical_not()).data<long>().ToArray().ShouldBe([10L, 11L]);
        where(mask, zeros_like(x), x).sum().item<long>().ShouldBe(21);
        where(mask.logical_not())[0].data<long>().ToArray().ShouldBe([2L, 2L]);
        mask.logical_not().nonzero().shape.ShouldBe([2L, 2L]);
    }
}
