using TorchSharp.Interop;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp.Tests.nn;

/// <summary>Each set of attention kernels the processor can run, against the formula written out with one score matrix.</summary>
public sealed class AttentionKernelTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly Generator generator = new(11);

    public static TheoryData<string> Runnable => [.. new[] { "avx512", "avx2", "base" }.Where(Choose)];

    // Queries are worked off 64 at a time and keys a few hundred at a time: sizes below, at and above both.
    public static TheoryData<string, long, long, long> Sizes
    {
        get
        {
            var sizes = new TheoryData<string, long, long, long>();
            foreach (var kernels in new[] { "avx512", "avx2", "base" }.Where(Choose))
            {
                sizes.Add(kernels, 1, 1, 4);
                sizes.Add(kernels, 9, 11, 5);
                sizes.Add(kernels, 64, 77, 8);
                sizes.Add(kernels, 130, 800, 40);
            }

            return sizes;
        }
    }

    public void Dispose()
    {
        Choose("");
        generator.Dispose();
        scope.Dispose();
    }

    [Fact]
    public void Use_NameNobodyHas_IsRefused() => Choose("sse").ShouldBeFalse();

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Attention_EachKernel_GivesTheFormulaAndItsGradients(string kernels, long tokens, long source, long size)
    {
        Choose(kernels).ShouldBeTrue();
        var (q, k, v) = (Random(2, 3, tokens, size), Random(2, 3, source, size), Random(2, 3, source, size));
        var attended = functional.scaled_dot_product_attention(q, k, v);
        attended.pow(2).sum().backward();

        var (q2, k2, v2) = (Copy(q), Copy(k), Copy(v));
        var expected = Formula(q2, k2, v2);
        expected.pow(2).sum().backward();

        Difference(attended, expected).ShouldBeLessThan(1e-5f);
        Difference(q.grad!, q2.grad!).ShouldBeLessThan(1e-4f);
        Difference(k.grad!, k2.grad!).ShouldBeLessThan(1e-4f);
        Difference(v.grad!, v2.grad!).ShouldBeLessThan(1e-4f);
    }

    [Theory]
    [MemberData(nameof(Runnable))]
    public void Attention_QueryOfNaN_GivesNaNForItsRowAlone(string kernels)
    {
        Choose(kernels).ShouldBeTrue();
        var (q, k, v) = (Random(1, 1, 70, 8), Random(1, 1, 900, 8), Random(1, 1, 900, 8));
        using (no_grad())
            q[0, 0, 3].fill_(float.NaN);

        var attended = functional.scaled_dot_product_attention(q, k, v);
        attended.sum().backward();

        var rows = attended.isnan().all(-1)[0, 0];
        rows.sum().item<long>().ShouldBe(1);
        rows[3].item<bool>().ShouldBeTrue();
        q.grad![0, 0, 3].isnan().all().item<bool>().ShouldBeTrue();
        q.grad![0, 0, 4].isnan().any().item<bool>().ShouldBeFalse();
    }

    [Theory]
    [MemberData(nameof(Runnable))]
    public void Attention_KeyOfNaN_GivesNaNToWhoSeesIt(string kernels)
    {
        Choose(kernels).ShouldBeTrue();
        var (q, k, v) = (Random(1, 1, 5, 8), Random(1, 1, 5, 8), Random(1, 1, 5, 8));
        using (no_grad())
            k[0, 0, 0].fill_(float.NaN);
        var mask = zeros(5, 5);
        mask[TensorIndex.Colon, TensorIndex.Slice(1)].fill_(float.NegativeInfinity);

        functional.scaled_dot_product_attention(q, k, v, mask).isnan().all().item<bool>().ShouldBeTrue();
    }

    [Theory]
    [MemberData(nameof(Runnable))]
    public void Attention_RowThatSeesNothing_IsZero(string kernels)
    {
        Choose(kernels).ShouldBeTrue();
        var (q, k, v) = (Random(1, 1, 4, 8), Random(1, 1, 6, 8), Random(1, 1, 6, 8));
        var visible = ones([4, 6], ScalarType.Bool);
        visible[2] = zeros([6], ScalarType.Bool);

        var attended = functional.scaled_dot_product_attention(q, k, v, visible);

        attended[0, 0, 2].abs().sum().item<float>().ShouldBe(0f);
        attended.isfinite().all().item<bool>().ShouldBeTrue();
    }

    [Fact]
    public void Attention_StridedInputs_HaveTheFormulasSecondDerivative()
    {
        // The numbers of a token lie apart, so they are copied before the kernels run; the copies must keep their history.
        var (q, k, v) = (Random(1, 2, 6, 5), Random(1, 2, 6, 7), Random(1, 2, 6, 7));
        var (q2, k2, v2) = (Copy(q), Copy(k), Copy(v));

        var second = Second(functional.scaled_dot_product_attention(q.mT, k.mT, v.mT), q, k);

        Difference(second, Second(Formula(q2.mT, k2.mT, v2.mT), q2, k2)).ShouldBeLessThan(1e-4f);
        second.abs().max().item<float>().ShouldBeGreaterThan(1e-3f);

        static Tensor Second(Tensor attended, Tensor query, Tensor key)
        {
            var first = autograd.grad([attended.pow(2).sum()], [query], retain_graph: true, create_graph: true)[0];
            return autograd.grad([first.pow(2).sum()], [key])[0];
        }
    }

    private static bool Choose(string kernels)
    {
        try
        {
            NativeError.Check(NativeMethods.sp_attention_use(kernels));
            return true;
        }
        catch (System.Runtime.InteropServices.ExternalException)
        {
            return false;
        }
    }

    private static Tensor Formula(Tensor q, Tensor k, Tensor v) => (q.matmul(k.mT) / Math.Sqrt(q.size(-1))).softmax(-1).matmul(v);

    private static float Difference(Tensor left, Tensor right)
    {
        left.shape.ShouldBe(right.shape);
        return (left - right).abs().max().item<float>();
    }

    private static Tensor Copy(Tensor x) => x.detach().clone().requires_grad_();

    private Tensor Random(params long[] shape) => randn(shape, generator: generator).requires_grad_();
}
