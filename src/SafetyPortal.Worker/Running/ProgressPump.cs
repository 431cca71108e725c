using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Running;

/// <summary>How far a run is.</summary>
/// <param name="Step">Finished steps of the stage, 0..<paramref name="Steps"/>.</param>
/// <param name="Steps">Steps of the stage; 0 when not known.</param>
/// <param name="Message">What the worker does, in a few words.</param>
/// <param name="Preview">The newest image as PNG; null keeps the last one.</param>
public sealed record RunProgress(RunStage Stage, int Step, int Steps, string? Message = null, byte[]? Preview = null);

/// <summary>Carries a run's progress and previews from the computing thread to the database with every beat of its <see cref="HeartBeat"/>.</summary>
internal sealed class ProgressPump : IProgress<RunProgress>, IAsyncDisposable
{
    private static readonly TimeSpan PreviewInterval = TimeSpan.FromSeconds(2);

    private readonly RunLease lease;
    private readonly LeaseTicket ticket;
    private readonly IArtifactStore artifacts;
    private readonly TimeProvider time;
    private readonly IProgress<RunProgress>? observer;
    private readonly HeartBeat heart;
    private RunProgress? latest;
    private byte[]? preview;
    private long? previewAt;

    public ProgressPump(
        RunLease lease, LeaseTicket ticket, IArtifactStore artifacts, TimeProvider time, IProgress<RunProgress>? observer, CancellationToken hostStopping)
    {
        this.lease = lease;
        this.ticket = ticket;
        this.artifacts = artifacts;
        this.time = time;
        this.observer = observer;
        heart = new HeartBeat(BeatAsync, time, hostStopping);
    }

    /// <inheritdoc cref="HeartBeat.Stop"/>
    public CancellationToken Stop => heart.Stop;

    /// <summary>Renews the run's lease.</summary>
    public HeartBeat Heart => heart;

    /// <inheritdoc/>
    public void Report(RunProgress value)
    {
        if (value.Preview is not null)
            Volatile.Write(ref preview, value.Preview);
        Volatile.Write(ref latest, value);
        observer?.Report(value);
    }

    /// <inheritdoc cref="HeartBeat.Note"/>
    public void Note(bool cancelRequested) => heart.Note(cancelRequested);

    public ValueTask DisposeAsync() => heart.DisposeAsync();

    private async Task<bool> BeatAsync(CancellationToken cancellation)
    {
        if (Interlocked.Exchange(ref latest, null) is not { } progress)
            return await lease.RenewAsync(ticket, cancellation);

        try
        {
            var digest = await PreviewAsync(cancellation);
            return await lease.ReportAsync(ticket, progress.Stage, progress.Step, progress.Steps, progress.Message, digest, cancellation);
        }
        catch
        {
            // The next beat writes it, unless there is newer progress.
            Interlocked.CompareExchange(ref latest, progress, null);
            throw;
        }
    }

    private async Task<string?> PreviewAsync(CancellationToken cancellation)
    {
        if ((previewAt is { } at && time.GetElapsedTime(at) < PreviewInterval) || Interlocked.Exchange(ref preview, null) is not { } image)
            return null;
        previewAt = time.GetTimestamp();
        try
        {
            return await artifacts.PutAsync(image, cancellation);
        }
        catch (IOException)
        {
            // The work does not depend on previews.
            return null;
        }
    }
}
