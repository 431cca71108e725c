namespace TorchSharp;

/// <summary>
/// How many tensors the thread has created, disposed, attached to and detached from scopes. Tensors that only the finalizer frees are
/// never counted as disposed; <see cref="torch.Tensor.TotalCount"/> counts the native ones.
/// </summary>
public sealed class ThreadDisposeScopeStatistics
{
    public long CreatedInScopeCount { get; private set; }

    public long CreatedOutsideScopeCount { get; private set; }

    public long DisposedInScopeCount { get; private set; }

    public long DisposedOutsideScopeCount { get; private set; }

    public long AttachedToScopeCount { get; private set; }

    public long DetachedFromScopeCount { get; private set; }

    /// <summary>Created less disposed, on this thread.</summary>
    public long ThreadTotalLiveCount =>
        CreatedInScopeCount + CreatedOutsideScopeCount - DisposedInScopeCount - DisposedOutsideScopeCount;

    public void Reset() =>
        CreatedInScopeCount = CreatedOutsideScopeCount = DisposedInScopeCount = DisposedOutsideScopeCount =
            AttachedToScopeCount = DetachedFromScopeCount = 0;

    public override string ToString() =>
        $"live {ThreadTotalLiveCount}; created in scope {CreatedInScopeCount}, outside {CreatedOutsideScopeCount}; " +
        $"disposed in scope {DisposedInScopeCount}, outside {DisposedOutsideScopeCount}; " +
        $"attached {AttachedToScopeCount}, detached {DetachedFromScopeCount}";

    internal void CountCreated(bool inScope)
    {
        if (inScope)
            CreatedInScopeCount++;
        else
            CreatedOutsideScopeCount++;
    }

    internal void CountDisposed(bool inScope)
    {
        if (inScope)
            DisposedInScopeCount++;
        else
            DisposedOutsideScopeCount++;
    }

    internal void CountAttached() => AttachedToScopeCount++;

    internal void CountDetached() => DetachedFromScopeCount++;
}
