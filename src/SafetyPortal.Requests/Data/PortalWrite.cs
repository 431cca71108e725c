using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Requests.Data;

/// <summary>A write in progress; Dispose without <see cref="CommitAsync"/> undoes everything.</summary>
/// <param name="ownsDb">Whether Dispose also disposes of the context.</param>
public sealed class PortalWrite(PortalDb db, IDbContextTransaction transaction, bool ownsDb) : IAsyncDisposable
{
    /// <summary>Gives the context to change and the time of the change.</summary>
    public void Deconstruct(out PortalDb context, out DateTimeOffset now) => (context, now) = (db, db.Now);

    /// <summary>Saves the changes and their events, and makes both permanent.</summary>
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        if (ownsDb)
            await db.DisposeAsync();
    }
}

internal static class PortalWrites
{
    /// <summary>Calls <see cref="PortalDb.BeginWriteAsync"/> on a new context.</summary>
    public static async Task<PortalWrite> BeginWriteAsync(this IDbContextFactory<PortalDb> databases, CancellationToken cancellationToken)
    {
        var db = await databases.CreateDbContextAsync(cancellationToken);
        try
        {
            return new(db, await db.Database.BeginTransactionAsync(cancellationToken), ownsDb: true);
        }
        catch
        {
            await db.DisposeAsync();
            throw;
        }
    }

    /// <summary>The same for an actor, who must hold one of the roles now.</summary>
    /// <exception cref="NotAllowedException">The actor holds none of them.</exception>
    public static async Task<PortalWrite> BeginWriteAsync(
        this IDbContextFactory<PortalDb> databases, Actor actor, CancellationToken cancellationToken, params string[] anyOf)
    {
        var write = await databases.BeginWriteAsync(cancellationToken);
        try
        {
            var (db, _) = write;
            await db.DemandRoleAsync(actor, cancellationToken, anyOf);
            return write;
        }
        catch
        {
            await write.DisposeAsync();
            throw;
        }
    }
}
