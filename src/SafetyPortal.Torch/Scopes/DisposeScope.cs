namespace TorchSharp;

/// <summary>
/// Collects what is created on its thread while it is the innermost scope, and disposes all of it at its end, also when an
/// exception leaves it. Results are kept with <see cref="MoveToOuter{T}(T)"/> or <see cref="Detach{T}(T)"/>.
/// Scopes belong to a thread: no <c>await</c> inside one.
/// </summary>
public sealed class DisposeScope : IDisposable
{
    private readonly DisposeScopeManager manager;
    private readonly HashSet<IDisposable> owned = new(ReferenceEqualityComparer.Instance);
    private readonly Lock gate = new();
    private bool disposed;

    internal DisposeScope(DisposeScopeManager manager, DisposeScope? outer)
    {
        this.manager = manager;
        OuterScope = outer;
    }

    internal DisposeScope? OuterScope { get; }

    /// <summary>A copy of what the scope owns now.</summary>
    public IReadOnlyList<IDisposable> DisposablesView
    {
        get
        {
            lock (gate)
                return [.. owned];
        }
    }

    public int DisposablesCount
    {
        get
        {
            lock (gate)
                return owned.Count;
        }
    }

    /// <summary>Takes over the object, from its present scope if it has one.</summary>
    public void Attach(IDisposable disposable) => Attach([disposable]);

    public void Attach(params IDisposable[] disposables) => Attach((IEnumerable<IDisposable>)disposables);

    public IReadOnlyList<IDisposable> Attach(IEnumerable<IDisposable> disposables)
    {
        var all = disposables.ToList();
        foreach (var item in all)
        {
            if (item is torch.Tensor tensor)
            {
                if (tensor.OwningScope is { } scope)
                    scope.Forget(tensor);
                else
                    DisposeScopeManager.Statistics.CountAttached();
                tensor.OwningScope = this;
            }

            Add(item);
        }

        return all;
    }

    public T MoveToOuter<T>(T disposable) where T : IDisposable => MoveToOther(OuterScope, disposable);

    public (T1 first, T2 second) MoveToOuter<T1, T2>(T1 first, T2 second) where T1 : IDisposable where T2 : IDisposable =>
        (MoveToOuter(first), MoveToOuter(second));

    public (T1 first, T2 second, T3 third) MoveToOuter<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : IDisposable where T2 : IDisposable where T3 : IDisposable =>
        (MoveToOuter(first), MoveToOuter(second), MoveToOuter(third));

    public void MoveToOuter(params IDisposable[] disposables) => MoveToOther(OuterScope, disposables);

    public void MoveToOuter(IEnumerable<IDisposable> disposables) => MoveToOther(OuterScope, disposables);

    /// <summary>Moves the object to another scope; with a null scope nobody owns it any more.</summary>
    public T MoveToOther<T>(DisposeScope? scope, T disposable) where T : IDisposable
    {
        if (Forget(disposable))
        {
            if (disposable is torch.Tensor tensor)
            {
                tensor.OwningScope = scope;
                if (scope is null)
                    DisposeScopeManager.Statistics.CountDetached();
            }

            scope?.Add(disposable);
        }

        return disposable;
    }

    public void MoveToOther(DisposeScope? scope, params IDisposable[] disposables) =>
        MoveToOther(scope, (IEnumerable<IDisposable>)disposables);

    public void MoveToOther(DisposeScope? scope, IEnumerable<IDisposable> disposables)
    {
        foreach (var item in disposables)
            MoveToOther<IDisposable>(scope, item);
    }

    /// <summary>Takes the object out of every scope; the caller disposes it.</summary>
    public T Detach<T>(T disposable) where T : IDisposable => MoveToOther(null, disposable);

    public (T1 first, T2 second) Detach<T1, T2>(T1 first, T2 second) where T1 : IDisposable where T2 : IDisposable =>
        (Detach(first), Detach(second));

    public void Detach(params IDisposable[] disposables) => MoveToOther(null, disposables);

    public void Detach(IEnumerable<IDisposable> disposables) => MoveToOther(null, disposables);

    /// <summary>Disposes what the scope owns now; the scope stays open.</summary>
    public void DisposeEverything() => DisposeEverythingBut([]);

    public T DisposeEverythingBut<T>(T keep) where T : IDisposable
    {
        DisposeEverythingBut([keep]);
        return keep;
    }

    public void DisposeEverythingBut(params IDisposable[] keep) => DisposeEverythingBut((IEnumerable<IDisposable>)keep);

    public void DisposeEverythingBut(IEnumerable<IDisposable> inKeep)
    {
        var keep = new HashSet<IDisposable>(inKeep, ReferenceEqualityComparer.Instance);
        IDisposable[] doomed;
        lock (gate)
        {
            doomed = [.. owned.Where(item => !keep.Contains(item))];
            owned.ExceptWith(doomed);
        }

        foreach (var item in doomed)
        {
            if (item is torch.Tensor tensor)
                tensor.DisposeFromScope();
            else
                item.Dispose();
        }
    }

    public void Dispose()
    {
        if (disposed)
            return;
        disposed = true;
        manager.Close(this);
        DisposeEverything();
    }

    internal void Add(IDisposable disposable)
    {
        lock (gate)
            owned.Add(disposable);
    }

    internal bool Forget(IDisposable disposable)
    {
        lock (gate)
            return owned.Remove(disposable);
    }
}
