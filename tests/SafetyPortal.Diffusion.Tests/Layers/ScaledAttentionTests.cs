using SafetyPortal.Diffusion.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests.Layers;

/// <summary>Against the formula written out with one score matrix.</summary>
public sealed class ScaledAttentionTests : IDisposable
{
    private const int Heads = 3;

    private readonly DisposeScope scope = NewDisposeScope();
    private readonly Generator generator = new(7);

    // libtorch works in blocks of queries and keys: sizes below, at and above them.
    [Theory]
    [InlineData(1, 1, 12)]
    [InlineData(9, 11, 12)]
    [InlineData(64, 77, 24)]
    [InlineData(65, 400, 120)]
    [InlineData(130, 1153, 60)]
    public void Attend_AnySize_GivesTheFormulaAndItsGradients(long tokens, long source, long channels)
    {
        var (q, k, v) = (Random(2, tokens, channels), Random(2, source, channels), Random(2, source, channels));
        var attended = ScaledAttention.Attend(q, k, v, Heads);
        attended.shape.ShouldBe([2, tokens, channels]);
        attended.pow(2).sum().backward();

        var (q2, k2, v2) = (Copy(q), Copy(k), Copy(v));
        var expected = Formula(q2, k2, v2, mask: null);
        expected.pow(2).sum().backward();

        attended.ShouldMatch(expected, 1e-5, "output");
        q.grad!.ShouldMatch(q2.grad!, 1e-5, "queries");
        k.grad!.ShouldMatch(k2.grad!, 1e-5, "keys");
        v.grad!.ShouldMatch(v2.grad!, 1e-5, "values");
    }

    [Fact]
    public void Attend_LargeScores_StaysFinite()
    {
        var (q, k, v) = (Random(1, 70, 12) * 200, Random(1, 500, 12) * 200, Random(1, 500, 12));
        ScaledAttention.Attend(q, k, v, Heads).ShouldMatch(Formula(q, k, v, mask: null), 1e-4, "output");
    }

    [Fact]
    public void Attend_CausalMask_HidesLaterTokens()
    {
        var (q, k, v) = (Random(2, 70, 12), Random(2, 70, 12), Random(2, 70, 12));
        var mask = full([70, 70], float.NegativeInfinity, dtype: ScalarType.Float32).triu(1);
        var attended = ScaledAttention.Attend(q, k, v, Heads, mask);
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
