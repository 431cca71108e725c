using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Torch.Tests.nn;

/// <summary>The bfloat16 paths of the shim's own, against the float32 function rounded once.</summary>
public class BFloat16Tests
{
    public static TheoryData<string> Activations => new("silu", "gelu");

    [Theory]
    [MemberData(nameof(Activations))]
    public void Activation_BFloat16_IsTheFloatResultRoundedOnce(string name)
    {
        using var scope = NewDisposeScope();
        var x = (torch.arange(-4000, 4000, dtype: ScalarType.Float32) * 0.005).to(ScalarType.BFloat16);

        var result = Apply(name, x).to(ScalarType.Float32);

        var expected = Apply(name, x.to(ScalarType.Float32));
        // One bfloat16 rounding is at most 2^-8 of the value; near zero libtorch's own erf is the less exact of the two.
        var error = ((result - expected).abs() / expected.abs().clamp(min: 1e-3)).max().ToSingle();
        error.ShouldBeLessThan(1f / 256 + 1e-5f);
    }

    [Theory]
    [MemberData(nameof(Activations))]
    public void Activation_BFloat16Backward_IsTheFloatGradient(string name)
    {
        using var scope = NewDisposeScope();
        var values = torch.linspace(-6, 6, 1001, dtype: ScalarType.Float32).to(ScalarType.BFloat16);
        var narrow = values.detach().clone().requires_grad_();
        var wide = values.to(ScalarType.Float32).detach().clone().requires_grad_();

        Apply(name, narrow).to(ScalarType.Float32).sum().backward();
        Apply(name, wide).sum().backward();

        (narrow.grad!.to(ScalarType.Float32) - wide.grad!).abs().max().ToSingle().ShouldBeLessThan(0.004f);
    }

    [Theory]
    [MemberData(nameof(Activations))]
    public void Activation_BFloat16SecondDerivative_IsRefused(string name)
    {
        using var scope = NewDisposeScope();
        var x = torch.linspace(-2, 2, 9, dtype: ScalarType.Float32).to(ScalarType.BFloat16).requires_grad_();
        var sum = Apply(name, x).sum();

        Should.Throw<ExternalException>(() => autograd.grad([sum], [x], create_graph: true)).Message.ShouldContain("no second derivative");
    }

    [Theory]
    [MemberData(nameof(Activations))]
    public void Activation_BFloat16AtTheEnds_HasTheLimits(string name)
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { float.NegativeInfinity, -1e30f, 0f, 1e30f, float.PositiveInfinity, float.NaN }).to(ScalarType.BFloat16);

        var result = Apply(name, x).to(ScalarType.Float32).data<float>().ToArray();

        result[0].ShouldBe(0f);
        result[1].ShouldBe(0f);
        result[2].ShouldBe(0f);
        result[3].ShouldBe(1e30f, 1e28f);
        result[4].ShouldBe(float.PositiveInfinity);
        result[5].ShouldBe(float.NaN);
    }

    [Fact]
    public void Activation_BFloat16SliceOfARow_ReadsItsOwnElements()
    {
        using var scope = NewDisposeScope();
        var x = torch.randn([8, 32], dtype: ScalarType.Float32).to(ScalarType.BFloat16);
        var half = x.chunk(2, -1)[1];

        var result = torch.nn.functional.gelu(half);

        result.eq(torch.nn.functional.gelu(half.clone())).all().ToBoolean().ShouldBeTrue();
        result.shape.ShouldBe([8L, 16L]);
    }

    [Fact]
    public void GroupNorm_BFloat16_IsTheFloatResultRounded()
    {
        using var scope = NewDisposeScope();
        var x = torch.randn([2, 8, 4, 4], dtype: ScalarType.Float32).to(ScalarType.BFloat16);

        var result = torch.nn.functional.group_norm(x, 4);

        result.dtype.ShouldBe(ScalarType.BFloat16);
        var expected = torch.nn.functional.group_norm(x.to(ScalarType.Float32), 4);
        (result.to(ScalarType.Float32) - expected).abs().max().ToSingle().ShouldBeLessThan(0.016f);
    }

    private static Tensor Apply(string name, Tensor x) => name == "silu" ? torch.nn.functional.silu(x) : torch.nn.functional.gelu(x);
}
