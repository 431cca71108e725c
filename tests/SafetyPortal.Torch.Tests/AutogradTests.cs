using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp.Tests;

public class AutogradTests
{
    [Fact]
    public void Backward_SquareSum_GivesTwiceTheInput()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 1f, -2f, 3f }).requires_grad_();
        x.grad.ShouldBeNull();
        (x * x).sum().backward();
        x.grad!.data<float>().ToArray().ShouldBe([2f, -4f, 6f]);
    }

    [Fact]
    public void Backward_Twice_Accumulates()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 1f, 2f }).requires_grad_();
        (x * 3).sum().backward();
        (x * 4).sum().backward();
        x.grad!.data<float>().ToArray().ShouldBe([7f, 7f]);
        x.grad = null;
        x.grad.ShouldBeNull();
    }

    [Fact]
    public void Grad_ChangedInPlace_ChangesTheTensorsGradient()
    {
        using var scope = NewDisposeScope();
        var x = ones(2, requires_grad: true);
        x.sum().backward();
        x.grad!.zero_();
        x.grad!.sum().item<float>().ShouldBe(0f);
    }

    [Fact]
    public void Backward_WithWeights_IsTheVectorJacobianProduct()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 1f, 2f }).requires_grad_();
        x.pow(2).backward(grad_tensors: [tensor(new[] { 10f, 100f })]);
        x.grad!.data<float>().ToArray().ShouldBe([20f, 400f]);
    }

    [Fact]
    public void Grad_Function_LeavesTheGradFieldsAlone()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 2f }).requires_grad_();
        var unused = ones(1, requires_grad: true);
        var gradients = autograd.grad([x.pow(3)], [x, unused], [ones(1)], allow_unused: true);
        gradients[0].item<float>().ShouldBe(12f); // 3 x^2
        gradients[1].ShouldBeNull();
        x.grad.ShouldBeNull();
    }

    [Fact]
    public void Grad_WithCreateGraph_GivesSecondDerivatives()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 2f }).requires_grad_();
        var first = autograd.grad([x.pow(3).sum()], [x], create_graph: true)[0];
        autograd.grad([first.sum()], [x])[0].item<float>().ShouldBe(12f); // 6 x
    }

    [Fact]
    public void NoGrad_Nested_RestoresTheModeBefore()
    {
        using var scope = NewDisposeScope();
        var x = ones(1, requires_grad: true);
        using (no_grad())
        {
            is_grad_enabled().ShouldBeFalse();
            using (enable_grad())
                (x * 2).requires_grad.ShouldBeTrue();
            (x * 2).requires_grad.ShouldBeFalse();
        }

        is_grad_enabled().ShouldBeTrue();
        x.detach().requires_grad.ShouldBeFalse();
    }

    [Fact]
    public void NoGrad_OnOneThread_LeavesAnotherAlone()
    {
        using var off = no_grad();
        var elsewhere = false;
        var thread = new Thread(() => elsewhere = is_grad_enabled());
        thread.Start();
        thread.Join();
        elsewhere.ShouldBeTrue();
    }

    [Fact]
    public void Backward_WithoutGraph_SaysWhy()
    {
        using var scope = NewDisposeScope();
        Should.Throw<ExternalException>(() => ones(1).backward()).Message.ShouldContain("does not require grad");
    }
}
