using static TorchSharp.torch;

namespace TorchSharp.Tests;

public class ThreadTests
{
    [Fact]
    public void Version_OfLibtorch_IsNamed() => __version__.ShouldMatch(@"^[12]\.\d+\.\d+");

    [Fact]
    public void Compute_FourThreads_EachGetsItsOwnResult()
    {
        var results = new float[4];
        var left = new long[4];
        var threads = Enumerable.Range(0, 4).Select(n => new Thread(() =>
        {
            for (var round = 0; round < 50; round++)
            {
                using var scope = NewDisposeScope();
                var w = full([16, 16], n + 1f, float32).requires_grad_();
                w.matmul(w).sum().backward();
                results[n] = w.grad![0, 0].item<float>(); // d sum(W W) / dw = rowsum + colsum = 2 * 16 * (n + 1)
            }

            left[n] = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        results.ShouldBe([32f, 64f, 96f, 128f]);
        left.ShouldBe([0L, 0L, 0L, 0L]);
    }

    [Fact]
    public void Use_SharedTensorFromFourThreads_IsSafe()
    {
        using var shared = ones(64, 64);
        var sums = new double[4];
        var threads = Enumerable.Range(0, 4).Select(n => new Thread(() =>
        {
            for (var round = 0; round < 200; round++)
            {
                using var scope = NewDisposeScope();
                sums[n] = (shared + n).sum().ToDouble();
            }
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        sums.ShouldBe([4096.0, 8192.0, 12288.0, 16384.0]);
    }

    [Fact]
    public void SetNumThreads_One_IsReadBack()
    {
        var before = get_num_threads();
        set_num_threads(1);
        get_num_threads().ShouldBe(1);
        set_num_threads(before);
    }
}
