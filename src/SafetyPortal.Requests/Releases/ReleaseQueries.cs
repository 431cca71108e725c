using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Models;

namespace SafetyPortal.Requests.Releases;

/// <summary>Reads releases, aliases and models.</summary>
public sealed class ReleaseQueries(IDbContextFactory<PortalDb> databases)
{
    /// <summary>Returns a page of releases with request and model, newest first.</summary>
    public async Task<Page<Release>> ListAsync(PageRequest page, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var rows = await db.Releases.AsNoTracking().Include(r => r.Request).Include(r => r.ModelVersion)
            .Where(r => page.After == null || r.Id < page.After).OrderByDescending(r => r.Id).Take(page.Size + 1).ToListAsync(cancellationToken);
        return Page<Release>.From(rows, page, r => r.Id);
    }

    /// <summary>Returns all aliases with their targets and moves, by model and name.</summary>
    public async Task<IReadOnlyList<ModelAlias>> AliasesAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.ModelAliases.AsNoTracking().Include(a => a.Release).Include(a => a.Moves)
            .OrderBy(a => a.ModelVersionId).ThenBy(a => a.Name).ToListAsync(cancellationToken);
    }

    /// <summary>Returns all models by name.</summary>
    public async Task<IReadOnlyList<ModelVersion>> ModelsAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.ModelVersions.AsNoTracking().OrderBy(m => m.Name).ToListAsync(cancellationToken);
    }
}
