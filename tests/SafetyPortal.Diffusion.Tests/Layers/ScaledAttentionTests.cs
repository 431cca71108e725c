using SafetyPortal.Diffusion.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests.Layers;

/// <summary>Against the formula written out with one score matrix, at any size of the parts.</summary>
public sealed class ScaledAttentionTests : IDisposable
{
    private const int Heads = 3;

    private readonly DisposeScope scope = NewDisposeScope();
    private readonly Generator generator = new(7);

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(50)]
    [InlineData(200)]
    [InlineData(1_000_000)]
    public void Attend_AnyPartSize_GivesTheFormulaAndItsGradients(long maxScores)
    {
        var (q, k, v) = (Random(2, 9, 12), Random(2, 11, 12), Random(2, 11, 12));
        var attended = ScaledAttention.Attend(q, k, v, Heads, mask: null, maxScores);
        attended.shape.ShouldBe([2, 9, 12]);
        attended.pow(2).sum().backward();

        var (q2, k2, v2) = (Copy(q), Copy(k), Copy(v));
        var expected = Formula(q2, k2, v2, mask: null);
        expected.pow(2).sum().backward();

        attended.ShouldMatch(expected, 1e-5, "output");
        q.grad!.ShouldMatch(q2.grad!, 1e-5, "queries");
        k.grad!.ShouldMatch(k2.grad!, 1e-5, "keys");
        v.grad!.ShouldMatch(v2.grad!, 1e-5, "values");
    }

    [Theory]
    [InlineData(16)]
    [InlineData(1_000_000)]
    public void Attend_CausalMask_HidesLaterTokens(long maxScores)
    {
        var (q, k, v) = (Random(2, 8, 12), Random(2, 8, 12), Random(2, 8, 12));
        var mask = full([8, 8], float.NegativeInfinity, dtype: ScalarType.Float32).triu(1);
        var attended = ScaledAttention.Attend(q, k, v, Heads, mask, maxScores);
        attended.ShouldMatch(Formula(q, k, v, mask), 1e-5, "output");
        attended.select(1, 0).ShouldMatch(v.select(1, 0), 1e-6, "the first token sees itself alone");
    }

    public void Dispose()
    {
        generator.Dispose();
        scope.Dispose();
    }

    private static Tensor Formula(Tensor q, Tensor k, Tensor v, Tensor? mask)
    {
        var (batch, size) = (q.shape[0], q.shape[2] / Heads);
        var (qh, kh, vh) = (PerHead(q), PerHead(k), PerHead(v));
        var scores = qh.matmul(kh.transpose(2, 3)) / Math.Sqrt(size);
        if (mask is not null)
            scores = scores + mask;
        return scores.softmax(-1).matmul(vh).transpose(1, 2).reshape(batch, -1, Heads * size);

        Tensor PerHead(Tensor x) => x.reshape(batch, -1, Heads, size).transpose(1, 2);
    }

    private static Tensor Copy(Tensor x) => x.detach().clone().requires_grad_();

    private Tensor Random(params long[] shape) => randn(shape, generator: generator).requires_grad_();
}
