using Microsoft.Extensions.Logging;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Worker.Running;

/// <summary>Does the work that a worker holds, and ends it by its outcome.</summary>
internal static class LeasedExecution
{
    /// <summary>Returns the final status; null when the lease was lost or the host stopped meanwhile.</summary>
    /// <param name="heart">Renews the lease meanwhile.</param>
    /// <param name="work">Does the work and completes it. Returns whether it ended as cancelled instead.</param>
    /// <param name="hostStopping">Cancelled when the process ends; the work resumes later.</param>
    public static async Task<RunStatus?> ExecuteAsync<T>(
        WorkLease<T> lease, LeaseTicket ticket, HeartBeat heart, Func<Task<bool>> work, ILogger logger, CancellationToken hostStopping)
        where T : QueuedWork
    {
        try
        {
            return await work() ? RunStatus.Cancelled : RunStatus.Succeeded;
        }
        catch (Exception e) when (e is LeaseLostException || heart.Failure is LeaseLostException)
        {
            logger.LogWarning("{Work} {Id}: the lease was lost: {Reason}", typeof(T).Name, ticket.Id, (heart.Failure ?? e).Message);
            return null;
        }
        catch (OperationCanceledException) when (heart.CancelRequested)
        {
            await lease.CancelledAsync(ticket, CancellationToken.None);
            return RunStatus.Cancelled;
        }
        catch (OperationCanceledException) when (hostStopping.IsCancellationRequested)
        {
            logger.LogInformation("{Work} {Id} stops with its process and resumes later.", typeof(T).Name, ticket.Id);
            return null;
        }
        catch (Exception e)
        {
            var cause = heart.Failure ?? e;
            logger.LogError(cause, "{Work} {Id} failed.", typeof(T).Name, ticket.Id);
            await lease.FailAsync(ticket, cause.Message, CancellationToken.None);
            return RunStatus.Failed;
        }
    }
}
