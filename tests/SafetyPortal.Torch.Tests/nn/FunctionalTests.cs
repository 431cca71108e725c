using static TorchSharp.Tests.nn.Waves;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp.Tests.nn;

public sealed class FunctionalTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Activations_Waves_AgreeWithPyTorch()
    {
        var x = Wave(6) * 3;

        functional.silu(x).ShouldStartWith([0f, 0.810825f, 1.786547f, 2.515823f, 2.844274f, 2.731102f], 10.68857, 6);
        functional.gelu(x).ShouldStartWith([0f, 0.934058f, 1.979284f, 2.677412f, 2.983443f, 2.878161f], 11.45236, 6);
        functional.gelu(x, Modules.GELU.Approximate.tanh).ShouldStartWith([0f, 0.933877f, 1.979402f, 2.677886f, 2.98386f, 2.878609f], 11.45363, 6);
    }

    [Fact]
    public void Attention_PlainAndMasked_AgreesWithPyTorch()
    {
        var (q, k, v) = (Wave(1, 2, 3, 4), Wave(0.5, 1, 2, 5, 4), Wave(0.9, 1, 2, 5, 4));
        float[] masked = [0f, 0.783327f, 0.973848f, 0.42738f, -0.207756f, -0.043364f, 0.153844f, 0.234626f];

        functional.scaled_dot_product_attention(q, k, v).ShouldStartWith(
            [-0.11326f, 0.033103f, 0.154414f, 0.158868f, 0.045445f, -0.007945f, -0.055323f, -0.060833f], 3.85643, 1, 2, 3, 4);
        functional.scaled_dot_product_attention(q, k, v, full([3, 5], -1e4f, dtype: ScalarType.Float32).triu(1)).ShouldStartWith(masked, 8.41171, 1, 2, 3, 4);
        functional.scaled_dot_product_attention(q, k, v, ones([3, 5], ScalarType.Bool).tril()).ShouldStartWith(masked, 8.41171, 1, 2, 3, 4);
        functional.scaled_dot_product_attention(q, k, v, is_casual: true).ShouldStartWith(masked, 8.41171, 1, 2, 3, 4);
    }

    [Fact]
    public void Attention_Gradients_ReachAllInputs()
    {
        var (q, k, v) = (Wave(1, 2, 3, 4).requires_grad_(), Wave(1, 2, 5, 4).requires_grad_(), Wave(1, 2, 5, 4).requires_grad_());

        functional.scaled_dot_product_attention(q, k, v).sum().backward();

        foreach (var input in new[] { q, k, v })
            input.grad!.isfinite().all().item<bool>().ShouldBeTrue();
        // The weights of each query sum to 1, so the value gradients sum to queries x dims = 2 * 3 * 4.
        v.grad!.sum().item<float>().ShouldBe(24f, 1e-4f);
    }

    [Fact]
    public void Interpolate_EveryMode_AgreesWithPyTorch()
    {
        functional.interpolate(Wave(1, 1, 2, 2), scale_factor: [2, 2]).ShouldStartWith(
            [0f, 0f, 0.361615f, 0.361615f, 0f, 0f, 0.361615f, 0.361615f], 7.72641, 1, 1, 4, 4);
        functional.interpolate(Wave(1, 1, 3, 3), size: [5, 5], mode: InterpolationMode.Bilinear).ShouldStartWith(
            [0f, 0.144646f, 0.361615f, 0.549219f, 0.674288f, 0.358279f, 0.461096f, 0.615322f], 15.35315, 1, 1, 5, 5);
        functional.interpolate(Wave(1, 1, 6, 6), size: [3, 3], mode: InterpolationMode.Bicubic, antialias: true).ShouldStartWith(
            [0.251345f, 0.236371f, 0.108554f, -0.053849f, 0.020221f, 0.084637f, -0.19009f, -0.259373f], 1.40927, 1, 1, 3, 3);
        functional.interpolate(Wave(1, 1, 4, 4), size: [2, 2], mode: InterpolationMode.Area).ShouldStartWith(
            [0.579693f, 0.722649f, -0.491267f, -0.723098f], 2.51671, 1, 1, 2, 2);
    }

    [Fact]
    public void Interpolate_SizeAndFactor_IsRefused() =>
        Should.Throw<ArgumentException>(() => functional.interpolate(Wave(1, 1, 2, 2), [4, 4], [2, 2]));

    [Fact]
    public void Pools_Waves_AgreeWithPyTorch()
    {
        functional.max_pool2d(Wave(1, 1, 4, 4), 2).ShouldStartWith([0.995881f, 0.895699f, 0.180596f, -0.529836f], 2.60201, 1, 1, 2, 2);
        functional.avg_pool2d(Wave(1, 1, 5, 5), 3, 2, 1).ShouldStartWith([0.235495f, 0.381423f, 0.209431f, -0.066351f], 1.7907, 1, 1, 3, 3);
        functional.adaptive_avg_pool2d(Wave(1, 1, 5, 5), 2).ShouldStartWith([0.113795f, 0.025799f, -0.05075f, 0.052566f], 0.24291, 1, 1, 2, 2);
    }

    [Fact]
    public void Sampling_AffineGrid_AgreesWithPyTorch()
    {
        var theta = tensor(new float[,,] { { { 0.5f, 0, 0.1f }, { 0, 0.5f, -0.1f } } });

        functional.grid_sample(Wave(1, 1, 4, 4), functional.affine_grid(theta, [1, 1, 2, 2])).ShouldStartWith(
            [0.827497f, 0.737363f, -0.018976f, -0.31879f], 1.90262, 1, 1, 2, 2);
        functional.unfold(Wave(1, 1, 3, 3), 2).ShouldStartWith([0f, 0.361615f, 0.895699f, 0.995881f], 11.12024, 1, 4, 4);
    }

    [Fact]
    public void Pad_FourSides_PutsLeftRightTopBottom()
    {
        var padded = functional.pad(ones(1, 1, 2, 2), (1, 2, 3, 4), value: 7);

        padded.shape.ShouldBe([1L, 1L, 9L, 5L]);
        padded[0, 0, 3].data<float>().ToArray().ShouldBe([7f, 1f, 1f, 7f, 7f]);
    }

    [Fact]
    public void Losses_Waves_AgreeWithPyTorch()
    {
        var classes = tensor(new long[] { 0, 2, 3 });

        functional.cross_entropy(Wave(3, 4), classes).item<float>().ShouldBe(1.756767f, 1e-5f);
        functional.cross_entropy(Wave(3, 4), classes, label_smoothing: 0.1).item<float>().ShouldBe(1.724362f, 1e-5f);
        functional.mse_loss(Wave(2, 3), Wave(0.5, 2, 3)).item<float>().ShouldBe(0.031886f, 1e-6f);
        functional.mse_loss(Wave(2, 3), Wave(0.5, 2, 3), Reduction.Sum).item<float>().ShouldBe(0.031886f * 6, 1e-5f);
    }

    [Fact]
    public void Normalize_Rows_HaveUnitLengthAndZerosStayZero()
    {
        functional.normalize(Wave(2, 3), dim: -1).ShouldStartWith([0f, 0.472617f, 0.881268f, 0.543286f, 0.604052f, 0.583062f], 3.08429, 2, 3);
        functional.normalize(zeros(1, 3)).data<float>().ToArray().ShouldBe([0f, 0f, 0f]);
    }
}
