using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp.Tests;

/// <summary>Live tensors are counted per thread, so these tests do not disturb each other.</summary>
public class DisposeScopeTests
{
    private static long Live => DisposeScopeManager.Statistics.ThreadTotalLiveCount;

    [Fact]
    public void Dispose_TensorsMadeInside_AreGone()
    {
        var before = Live;
        Tensor inside;
        using (NewDisposeScope())
        {
            inside = ones(2, 2);
            _ = (inside + 1).exp().sum();
            Live.ShouldBe(before + 4);
        }

        Live.ShouldBe(before);
        inside.IsInvalid.ShouldBeTrue();
        Should.Throw<ObjectDisposedException>(() => inside.sum());
    }

    [Fact]
    public void Dispose_AfterException_LeavesNothing()
    {
        var before = Live;
        Should.Throw<ExternalException>(() =>
        {
            using var scope = NewDisposeScope();
            return ones(2, 3).matmul(ones(2, 3));
        });
        Live.ShouldBe(before);
    }

    [Fact]
    public void MoveToOuterDisposeScope_Nested_LivesUntilTheOuterEnds()
    {
        var before = Live;
        Tensor result;
        using (NewDisposeScope())
        {
            using (NewDisposeScope())
                result = (ones(3) * 2).MoveToOuterDisposeScope();
            result.data<float>().ToArray().ShouldBe([2f, 2f, 2f]);
        }

        result.IsInvalid.ShouldBeTrue();
        Live.ShouldBe(before);
    }

    [Fact]
    public void MoveToOuterDisposeScope_NoOuter_IsTheCallers()
    {
        Tensor result;
        using (NewDisposeScope())
            result = ones(3).MoveToOuterDisposeScope();
        using (result)
            result.IsInvalid.ShouldBeFalse();
        result.IsInvalid.ShouldBeTrue();
    }

    [Fact]
    public void DetachFromDisposeScope_Inside_OutlivesEveryScope()
    {
        Tensor kept;
        using (NewDisposeScope())
        using (NewDisposeScope())
            kept = ones(1).DetachFromDisposeScope();
        kept.IsInvalid.ShouldBeFalse();
        kept.Dispose();
    }

    [Fact]
    public void Attach_FromOutside_IsDisposedWithTheScope()
    {
        var outside = ones(1);
        using (var scope = NewDisposeScope())
        {
            scope.Attach(outside);
            scope.DisposablesCount.ShouldBe(1);
        }

        outside.IsInvalid.ShouldBeTrue();
    }

    [Fact]
    public void DisposeEverythingBut_One_KeepsIt()
    {
        using var scope = NewDisposeScope();
        var kept = ones(1);
        var dropped = ones(1);
        scope.DisposeEverythingBut(kept).ShouldBeSameAs(kept);
        kept.IsInvalid.ShouldBeFalse();
        dropped.IsInvalid.ShouldBeTrue();
        scope.DisposablesView.ShouldBe([kept]);
    }

    [Fact]
    public void Dispose_Twice_IsHarmless()
    {
        var before = Live;
        var scope = NewDisposeScope();
        var x = ones(1);
        x.Dispose();
        x.Dispose();
        scope.Dispose();
        scope.Dispose();
        Live.ShouldBe(before);
    }

    [Fact]
    public void WrappedTensorDisposeScope_Expression_KeepsOnlyItsResult()
    {
        var before = Live;
        using (var x = WrappedTensorDisposeScope(() => (ones(4) + 1).mul(3).sum()))
        {
            x.item<float>().ShouldBe(24f);
            Live.ShouldBe(before + 1);
        }

        Live.ShouldBe(before);
    }

    [Fact]
    public void Grad_ReadManyTimes_BelongsToTheScope()
    {
        var before = Live;
        using (NewDisposeScope())
        {
            var w = ones(2, requires_grad: true);
            w.sum().backward();
            for (var i = 0; i < 10; i++)
                w.grad!.sum().item<float>().ShouldBe(2f);
        }

        Live.ShouldBe(before);
    }

    [Fact]
    public void NewDisposeScope_OnAnotherThread_LeavesThisOneAlone()
    {
        using var scope = NewDisposeScope();
        var here = ones(1);
        var there = 0;
        var thread = new Thread(() =>
        {
            using var own = NewDisposeScope();
            _ = ones(1);
            there = own.DisposablesCount;
        });
        thread.Start();
        thread.Join();
        there.ShouldBe(1);
        scope.DisposablesCount.ShouldBe(1);
        here.IsInvalid.ShouldBeFalse();
    }
}
