namespace SafetyPortal.Trials;

/// <summary>Passes reports on at once and on the calling thread, unlike <see cref="Progress{T}"/>.</summary>
public sealed class Relay<T>(Action<T> report) : IProgress<T>
{
    public void Report(T value) => report(value);
}
