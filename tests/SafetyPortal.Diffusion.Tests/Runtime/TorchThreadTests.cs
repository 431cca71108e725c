using SafetyPortal.Diffusion.Runtime;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests.Runtime;

public sealed class TorchThreadTests
{
    [Fact]
    public async Task Run_SeveralCalls_HappenOnOneThreadInOrder()
    {
        using var torch = new TorchThread(1);
        var order = new List<int>();

        var threads = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => torch.Run(() =>
        {
            order.Add(i);
            return Environment.CurrentManagedThreadId;
        })));

        threads.Distinct().Count().ShouldBe(1);
        threads[0].ShouldNotBe(Environment.CurrentManagedThreadId);
        order.ShouldBe(Enumerable.Range(0, 20));
    }

    [Fact]
    public async Task Constructor_NumberOfThreads_HoldsWhateverOtherThreadsHave()
    {
        using var one = new TorchThread(1);
        using var two = new TorchThread(2);

        (await one.Run(get_num_threads)).ShouldBe(1);
        (await two.Run(get_num_threads)).ShouldBe(2);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1025)]
    public void Constructor_AbsurdNumberOfThreads_IsRefused(int threads) =>
        Should.Throw<ArgumentOutOfRangeException>(() => new TorchThread(threads));

    [Fact]
    public async Task Run_Throwing_GivesTheExceptionAndLivesOn()
    {
        using var torch = new TorchThread(1);

        (await Should.ThrowAsync<InvalidDataException>(torch.Run<int>(() => throw new InvalidDataException("broken")))).Message.ShouldBe("broken");
        (await torch.Run(() => 7)).ShouldBe(7);
    }

    [Fact]
    public async Task Run_Cancelled_IsACancelledTask()
    {
        using var torch = new TorchThread(1);
        var task = torch.Run<int>(() => throw new OperationCanceledException());

        await Should.ThrowAsync<OperationCanceledException>(task);
        task.IsCanceled.ShouldBeTrue();
    }
}
