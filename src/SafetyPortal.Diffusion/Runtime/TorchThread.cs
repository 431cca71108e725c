using System.Collections.Concurrent;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Runtime;

/// <summary>
/// The one thread for all tensor work of a run. Dispose scopes and grad mode are per thread, and libtorch's thread pool already uses every core. Sums
/// are split among the pool's threads, so the last bits of a result depend on their number. libtorch keeps that number per calling thread; the
/// constructor sets it on this thread, and the evidence holds it.
/// </summary>
public sealed class TorchThread : IDisposable
{
    // With more threads the small layers of a UNet spend more time on synchronising than on computing.
    private const int Most = 16;

    private readonly BlockingCollection<Action> work = [];
    private readonly Thread thread;

    /// <param name="threads">Threads of libtorch and its BLAS.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is below 1 or above 1,024.</exception>
    public TorchThread(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, 1024);
        Libtorch.Load();
        thread = new Thread(Loop) { IsBackground = true, Name = "torch" };
        thread.Start();
        Run(() =>
        {
            // At its first question a thread takes the number that any thread set last, so it must ask before it sets its own.
            _ = get_num_threads();
            set_num_threads(threads);
            return threads;
        }).GetAwaiter().GetResult();
    }

    /// <summary>One thread per available core, at most 16.</summary>
    public static int DefaultThreads => Math.Clamp(Environment.ProcessorCount, 1, Most);

    /// <summary>Runs <paramref name="compute"/> on the thread; its exception or cancellation becomes the task's.</summary>
    public Task<T> Run<T>(Func<T> compute)
    {
        ArgumentNullException.ThrowIfNull(compute);
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        work.Add(() =>
        {
            try
            {
                done.SetResult(compute());
            }
            catch (OperationCanceledException e)
            {
                done.SetCanceled(e.CancellationToken);
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    /// <inheritdoc cref="Run{T}(Func{T})"/>
    public Task Run(Action compute)
    {
        ArgumentNullException.ThrowIfNull(compute);
        return Run(() =>
        {
            compute();
            return true;
        });
    }

    /// <summary>Waits for up to 10 s until the work in hand is finished, and ends the thread.</summary>
    public void Dispose()
    {
        work.CompleteAdding();
        thread.Join(TimeSpan.FromSeconds(10));
        work.Dispose();
    }

    private void Loop()
    {
        foreach (var action in work.GetConsumingEnumerable())
            action();
    }
}
