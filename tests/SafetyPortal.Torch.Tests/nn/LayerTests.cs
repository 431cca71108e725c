using static TorchSharp.Tests.nn.Waves;
using static TorchSharp.torch;

namespace TorchSharp.Tests.nn;

public sealed class LayerTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Linear_HandComputed_IsExact()
    {
        // [1, 2] times rows [3, 4] and [5, 6], plus [0.5, -1]: 11.5 and 16.
        using var layer = torch.nn.Linear(2, 2);
        layer.load_state_dict(new() { ["weight"] = tensor(new float[,] { { 3, 4 }, { 5, 6 } }), ["bias"] = tensor(new[] { 0.5f, -1f }) });

        layer.call(tensor(new float[,] { { 1, 2 } })).data<float>().ToArray().ShouldBe([11.5f, 16f]);
    }

    [Fact]
    public void Linear_Waves_AgreesWithPyTorch()
    {
        using var layer = torch.nn.Linear(3, 4);
        layer.load_state_dict(new() { ["weight"] = Wave(0.5, 4, 3), ["bias"] = Wave(0.9, 4) });

        layer.call(Wave(2, 3)).ShouldStartWith(
            [0.740761f, 1.515685f, 0.336696f, -0.395119f, 1.286336f, 3.15763f, 0.023415f, -2.081385f], 9.53703, 2, 4);
    }

    [Fact]
    public void Conv2d_StrideAndPadding_AgreesWithPyTorch()
    {
        using var layer = torch.nn.Conv2d(2, 3, 3, 2, 1);
        layer.load_state_dict(new() { ["weight"] = Wave(0.5, 3, 2, 3, 3), ["bias"] = Wave(0.9, 3) });

        layer.call(Wave(1, 2, 5, 5)).ShouldStartWith(
            [-2.50793f, -1.057984f, 1.593707f, 3.974209f, 0.698331f, -2.549048f, -1.132709f, 1.607828f], 57.16782, 1, 3, 3, 3);
        (layer.in_channels, layer.out_channels).ShouldBe((2, 3));
    }

    [Fact]
    public void Conv2d_ReflectedBorder_AgreesWithPyTorch()
    {
        using var layer = torch.nn.Conv2d(2, 3, 3, 1, 1, padding_mode: PaddingModes.Reflect);
        layer.load_state_dict(new() { ["weight"] = Wave(0.5, 3, 2, 3, 3), ["bias"] = Wave(0.9, 3) });

        layer.call(Wave(1, 2, 5, 5)).ShouldStartWith(
            [0.767021f, 0.523165f, 1.097816f, 1.523881f, 1.822098f, 4.29697f, 5.464738f, 6.911728f], 250.79237, 1, 3, 5, 5);
    }

    [Fact]
    public void Conv2d_GroupsWithoutBias_AgreesWithPyTorch()
    {
        using var layer = torch.nn.Conv2d(4, 4, 3, groups: 2, bias: false);
        layer.load_state_dict(new() { ["weight"] = Wave(0.5, 4, 2, 3, 3) });

        layer.call(Wave(1, 4, 4, 4)).ShouldStartWith(
            [4.755035f, 2.992451f, -3.536778f, -5.140485f, -3.003425f, -0.482398f, 6.110783f, 6.989018f], 72.28757, 1, 4, 2, 2);
    }

    [Fact]
    public void Conv2d_SamePadding_EqualsExplicitPadding()
    {
        using var same = torch.nn.Conv2d(2, 3, 3, Padding.Same);
        using var explicitly = torch.nn.Conv2d(2, 3, 3, 1, 1);
        explicitly.load_state_dict(same.state_dict());
        var x = Wave(1, 2, 5, 5);

        same.call(x).allclose(explicitly.call(x), 1e-5, 1e-6).ShouldBeTrue();
    }

    [Fact]
    public void ConvTranspose2d_Stride2_AgreesWithPyTorch()
    {
        using var layer = torch.nn.ConvTranspose2d(2, 3, 2, 2, bias: false);
        layer.load_state_dict(new() { ["weight"] = Wave(0.5, 2, 3, 2, 2) });

        layer.call(Wave(1, 2, 5, 5)).ShouldStartWith(
            [-0.048587f, 0.037407f, 0.054202f, 0.131638f, 0.149656f, 0.208052f, 0.224854f, 0.256307f], 43.86803, 1, 3, 10, 10);
    }

    [Fact]
    public void GroupNorm_ScaledAndShifted_AgreesWithPyTorch()
    {
        using var layer = torch.nn.GroupNorm(2, 4);
        layer.load_state_dict(new() { ["weight"] = 1 + Wave(0.9, 4), ["bias"] = Wave(0.4, 4) });

        layer.call(Wave(2, 4, 3, 3)).ShouldStartWith(
            [-0.000281f, 0.526213f, 0.981448f, 1.303811f, 1.449671f, 1.399287f, 1.159478f, 0.762701f], 97.86079, 2, 4, 3, 3);
    }

    [Fact]
    public void LayerNorm_ScaledAndShifted_AgreesWithPyTorch()
    {
        using var layer = torch.nn.LayerNorm(6);
        layer.load_state_dict(new() { ["weight"] = 1 + Wave(0.9, 6), ["bias"] = Wave(0.4, 6) });

        layer.call(Wave(2, 3, 6)).ShouldStartWith(
            [-1.793916f, -1.024794f, 0.860285f, 1.910141f, 1.536166f, 0.928773f, 1.420956f, 2.059504f], 42.39433, 2, 3, 6);
    }

    [Fact]
    public void Norms_Fresh_StartAtOneAndZero()
    {
        foreach (var layer in new torch.nn.Module[] { torch.nn.GroupNorm(2, 4), torch.nn.LayerNorm(4), torch.nn.BatchNorm2d(4) })
        {
            layer.get_parameter("weight")!.data<float>().ToArray().ShouldBe([1f, 1f, 1f, 1f]);
            layer.get_parameter("bias")!.data<float>().ToArray().ShouldBe([0f, 0f, 0f, 0f]);
            layer.Dispose();
        }
    }

    [Fact]
    public void BatchNorm2d_TrainingThenEvaluation_AgreesWithPyTorch()
    {
        using var layer = torch.nn.BatchNorm2d(4);
        var x = Wave(2, 4, 3, 3);

        layer.call(x).ShouldStartWith([-1.216129f, -0.396356f, 0.312464f, 0.814396f], 60.50064, 2, 4, 3, 3);
        layer.running_mean!.ShouldStartWith([0.053645f, -0.049741f, 0.044077f, -0.036852f], 0.18432, 4);
        layer.running_var!.ShouldStartWith([0.920602f, 0.925449f, 0.931832f, 0.938853f], 3.71674, 4);
        layer.num_batches_tracked!.item<long>().ShouldBe(1);
        layer.eval();
        layer.call(x).ShouldStartWith([-0.055911f, 0.320974f, 0.646849f, 0.877609f], 45.00084, 2, 4, 3, 3);
        layer.state_dict().Keys.ShouldBe(["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]);
    }

    [Fact]
    public void Embedding_Rows_AreLookedUpAndPaddingRowIsZero()
    {
        using var layer = torch.nn.Embedding(5, 3, padding_idx: 2);
        layer.weight![2].data<float>().ToArray().ShouldBe([0f, 0f, 0f]);
        layer.load_state_dict(new() { ["weight"] = Wave(5, 3) });

        layer.call(tensor(new long[,] { { 4, 0 }, { 1, 1 } })).ShouldStartWith(
            [-0.963131f, -0.99524f, -0.892648f, 0f, 0.361615f, 0.674288f, 0.895699f, 0.995881f], 9.59263, 2, 2, 3);
    }

    [Fact]
    public void Dropout_Training_ScalesSurvivorsAndEvaluationIsIdentity()
    {
        using var layer = torch.nn.Dropout(0.25);
        var x = ones(10_000);
        manual_seed(1);

        var dropped = layer.call(x).data<float>().ToArray();

        dropped.Count(value => value == 0).ShouldBeInRange(2300, 2700);
        dropped.Where(value => value != 0).ShouldAllBe(value => Math.Abs(value - (1 / 0.75f)) < 1e-6);
        layer.eval();
        layer.call(x).allclose(x).ShouldBeTrue();
    }

    [Fact]
    public void Linear_SameSeed_StartsTheSameWithinItsBound()
    {
        manual_seed(3);
        using var first = torch.nn.Linear(16, 8);
        manual_seed(3);
        using var second = torch.nn.Linear(16, 8);

        first.weight.equal(second.weight).all().item<bool>().ShouldBeTrue();
        first.weight.abs().max().item<float>().ShouldBeInRange(0.2f, 0.25f);
        first.bias!.abs().max().item<float>().ShouldBeInRange(0.05f, 0.25f);
    }

    [Fact]
    public void Layers_ArgumentsThatDoNotFit_AreNamed()
    {
        Should.Throw<ArgumentException>(() => torch.nn.GroupNorm(3, 4)).Message.ShouldContain("3 groups do not divide 4 channels");
        Should.Throw<ArgumentException>(() => torch.nn.Conv2d(3, 4, 3, groups: 2)).Message.ShouldContain("2 groups do not divide 3 input");
        Should.Throw<ArgumentException>(() => torch.nn.BatchNorm2d(4).call(ones(2, 4))).Message.ShouldContain("got 2 dimensions");
    }
}
