namespace TorchSharp;

/// <summary>The scopes that are open on a thread, innermost last, and what has been counted on it.</summary>
public sealed class DisposeScopeManager
{
    [ThreadStatic]
    private static DisposeScopeManager? ofThread;

    private readonly List<DisposeScope> open = [];
    private readonly ThreadDisposeScopeStatistics statistics = new();

    private DisposeScopeManager()
    {
    }

    /// <summary>Counts of the calling thread.</summary>
    public static ThreadDisposeScopeStatistics Statistics => OfThread.statistics;

    internal static DisposeScopeManager OfThread => ofThread ??= new DisposeScopeManager();

    internal DisposeScope? Innermost => open.Count == 0 ? null : open[^1];

    internal DisposeScope Open()
    {
        var scope = new DisposeScope(this, Innermost);
        open.Add(scope);
        return scope;
    }

    internal void Close(DisposeScope scope) => open.Remove(scope);
}
