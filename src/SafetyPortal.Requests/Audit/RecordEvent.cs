using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Audit;

/// <summary>Writes an event for something that changes no row of its own: a sign-in, a reveal, an export.</summary>
public sealed class RecordEvent(IDbContextFactory<PortalDb> databases)
{
    /// <param name="payload">Serialisable details without prompts, images or secrets; null for none.</param>
    public async Task ExecuteAsync(Actor actor, string action, string subject, object? payload, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(actor);
        ArgumentException.ThrowIfNullOrWhiteSpace(action);
        ArgumentException.ThrowIfNullOrWhiteSpace(subject);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var write = await db.BeginWriteAsync(cancellationToken);
        db.Record(actor, action, subject, payload);
        await write.CommitAsync(cancellationToken);
    }
}
