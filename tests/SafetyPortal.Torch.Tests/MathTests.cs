using static TorchSharp.torch;

namespace TorchSharp.Tests;

/// <summary>Expected numbers are worked out by hand or with System.Math.</summary>
public class MathTests
{
    [Fact]
    public void Operators_MixedNumbersAndTensors_FollowArithmetic()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 1f, 2f, 4f });
        (1 - x).data<float>().ToArray().ShouldBe([0f, -1f, -3f]);
        (8 / x).data<float>().ToArray().ShouldBe([8f, 4f, 2f]);
        (x * 0.5 + x / 2 - x).data<float>().ToArray().ShouldBe([0f, 0f, 0f]);
        (-x).sum().item<float>().ShouldBe(-7f);
        (x > 1).data<bool>().ToArray().ShouldBe([false, true, true]);
        (2 < x).data<bool>().ToArray().ShouldBe([false, false, true]);
        x.add(x, alpha: 10).data<float>().ToArray().ShouldBe([11f, 22f, 44f]);
        x.div(3, RoundingMode.floor).data<float>().ToArray().ShouldBe([0f, 0f, 1f]);
        (tensor(new long[] { 7 }) / 2).dtype.ShouldBe(ScalarType.Float32);
    }

    [Fact]
    public void InPlace_Chain_ReturnsTheSameObject()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 1f, 2f });
        x.add_(1).mul_(2).sub_(1).div_(3).ShouldBeSameAs(x);
        x.data<float>().ToArray().ShouldBe([1f, 5f / 3], 1e-6);
        x.addcmul_(ones(2), full([2], 2f, float32), 0.5).addcdiv_(ones(2), full([2], 4f, float32), -4);
        x.data<float>().ToArray().ShouldBe([1f, 5f / 3], 1e-6);
        x.clamp_(max: 1.5).max().item<float>().ShouldBe(1.5f);
        x.lerp_(zeros(2), full([2], 0.5, float32)).data<float>().ToArray().ShouldBe([0.5f, 0.75f]);
    }

    [Fact]
    public void Functions_KnownPoints_MatchSystemMath()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 0.5, 1.5 });
        Check(x.exp(), Math.Exp);
        Check(x.log(), Math.Log);
        Check(x.log2(), Math.Log2);
        Check(x.tanh(), Math.Tanh);
        Check(x.rsqrt(), v => 1 / Math.Sqrt(v));
        Check(x.sigmoid(), v => 1 / (1 + Math.Exp(-v)));
        Check(x.silu(), v => v / (1 + Math.Exp(-v)));
        Check(x.pow(3), v => v * v * v);
        x.gelu().data<double>()[1].ShouldBe(1.3997891, 1e-6); // 1.5 * Phi(1.5), Phi(1.5) = 0.9331928
        tensor(new[] { 2.5, -1.2 }).round().data<double>().ToArray().ShouldBe([2.0, -1.0]);
        tensor(new[] { double.NaN, 1, double.PositiveInfinity }).isfinite().data<bool>().ToArray().ShouldBe([false, true, false]);

        void Check(Tensor actual, Func<double, double> expected)
        {
            actual.data<double>()[0].ShouldBe(expected(0.5), 1e-12);
            actual.data<double>()[1].ShouldBe(expected(1.5), 1e-12);
        }
    }

    [Fact]
    public void Reductions_SmallMatrix_AreRight()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new float[,] { { 1, 2, 3 }, { 4, 8, 6 } });
        x.sum(1).data<float>().ToArray().ShouldBe([6f, 18f]);
        x.sum([0, 1], keepdim: true).shape.ShouldBe([1L, 1L]);
        x.mean([0L]).data<float>().ToArray().ShouldBe([2.5f, 5f, 4.5f]);
        x.var(1).data<float>().ToArray().ShouldBe([1f, 4f]);
        x.std(1, unbiased: false).data<float>()[0].ShouldBe(0.8164966f, 1e-6f);
        x.norm().item<float>().ShouldBe(MathF.Sqrt(130), 1e-5f);
        x.max(1).indexes.data<long>().ToArray().ShouldBe([2L, 1L]);
        x.amax([1L], keepdim: true).shape.ShouldBe([2L, 1L]);
        x.argmin().item<long>().ShouldBe(0);
        x.cumsum(1).data<float>()[1, 2].ShouldBe(18f);
        x.prod().item<float>().ShouldBe(1152f);
        x.median().item<float>().ShouldBe(3f);
        x.logsumexp(1).data<float>()[0].ShouldBe(MathF.Log(MathF.Exp(1) + MathF.Exp(2) + MathF.Exp(3)), 1e-5f);
        x.gt(7).any().item<bool>().ShouldBeTrue();
        x.quantile(tensor(new[] { 0.5f })).data<float>().ToArray().ShouldBe([2f, 6f]);
    }

    [Fact]
    public void Ordering_SmallRow_GivesValuesAndPositions()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 3f, 1f, 4f, 1f, 5f });
        x.topk(2).values.data<float>().ToArray().ShouldBe([5f, 4f]);
        x.kthvalue(3, 0).values.item<float>().ShouldBe(3f);
        x.sort(descending: true).Values.data<float>().ToArray().ShouldBe([5f, 4f, 3f, 1f, 1f]);
        x.argsort().data<long>()[4].ShouldBe(4);
        var (values, inverse, counts) = x.unique(return_inverse: true, return_counts: true);
        values.data<float>().ToArray().ShouldBe([1f, 3f, 4f, 5f]);
        inverse!.data<long>().ToArray().ShouldBe([1L, 0L, 2L, 0L, 3L]);
        counts!.data<long>().ToArray().ShouldBe([2L, 1L, 1L, 1L]);
        histc(x, 2, 0, 6).data<float>().ToArray().ShouldBe([2f, 3f]);
        x.to(int64).bincount().data<long>().ToArray().ShouldBe([0L, 2L, 0L, 1L, 1L, 1L]);
        bucketize(x, tensor(new[] { 2f, 4f })).data<long>().ToArray().ShouldBe([1L, 0L, 1L, 0L, 2L]);
    }

    [Fact]
    public void Products_SmallMatrices_AreRight()
    {
        using var scope = NewDisposeScope();
        var a = tensor(new float[,] { { 1, 2 }, { 3, 4 } });
        var b = tensor(new float[,] { { 0, 1 }, { 1, 0 } });
        a.matmul(b).data<float>().ToArray().ShouldBe([2f, 1f, 4f, 3f]);
        a.unsqueeze(0).bmm(b.unsqueeze(0)).data<float>().ToArray().ShouldBe([2f, 1f, 4f, 3f]);
        einsum("ij,jk->ik", a, b).equal(a.mm(b)).all().item<bool>().ShouldBeTrue();
        zeros(2, 2).addmm(a, b, alpha: 2).sum().item<float>().ShouldBe(20f);
        full([1, 2, 2], float.NaN, float32).isnan().all().item<bool>().ShouldBeTrue();
        baddbmm(full([1, 2, 2], float.NaN, float32), a.unsqueeze(0), b.unsqueeze(0), beta: 0).sum().item<float>().ShouldBe(10f);
        a.softmax(1).sum(1).data<float>().ToArray().ShouldBe([1f, 1f], 1e-6);
    }

    [Fact]
    public void Linalg_SymmetricMatrix_KnownSpectrum()
    {
        using var scope = NewDisposeScope();
        var a = tensor(new double[,] { { 2, 1 }, { 1, 2 } }); // eigenvalues 1 and 3
        linalg.eigvalsh(a).data<double>().ToArray().ShouldBe([1.0, 3.0], 1e-12);
        linalg.svdvals(a).data<double>().ToArray().ShouldBe([3.0, 1.0], 1e-12);
        var (values, vectors) = linalg.eigh(a);
        vectors.matmul(values.diag()).matmul(vectors.t()).allclose(a).ShouldBeTrue();
        linalg.inv(a).matmul(a).allclose(eye(2, dtype: float64)).ShouldBeTrue();
        linalg.solve(a, tensor(new[] { 3.0, 3.0 })).data<double>().ToArray().ShouldBe([1.0, 1.0], 1e-12);
        linalg.det(a).item<double>().ShouldBe(3.0, 1e-12);
        linalg.vector_norm(a).item<double>().ShouldBe(Math.Sqrt(10), 1e-12);
        linalg.norm(a, "fro").item<double>().ShouldBe(Math.Sqrt(10), 1e-12);
    }
}
