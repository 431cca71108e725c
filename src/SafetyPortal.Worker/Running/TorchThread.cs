using System.Collections.Concurrent;

namespace SafetyPortal.Worker.Running;

/// <summary>
/// The one thread all tensor work of a run happens on. Dispose scopes and grad mode are per thread, and one thread pool
/// inside libtorch already uses every core, so a second one would only compete with it.
/// </summary>
public sealed class TorchThread : IDisposable
{
    private readonly BlockingCollection<Action> work = [];
    private readonly Thread thread;

    public TorchThread(string name = "torch")
    {
        thread = new Thread(Loop) { IsBackground = true, Name = name };
        thread.Start();
    }

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

    /// <summary>Lets the work in hand finish, then ends the thread.</summary>
    public void Dispose()
    {
        work.CompleteAdding();
        thread.Join(TimeSpan.FromSeconds(10));
        work.Dispose();
    }

    private void Loop()
    {
        foreach (var action in work.GetConsumingEnumerable()) action();
    }
}
