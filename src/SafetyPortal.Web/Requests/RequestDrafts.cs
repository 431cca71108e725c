using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;

namespace SafetyPortal.Web.Requests;

/// <summary>Keeps the form that a reviewer writes in the database, so that a reload or a lost circuit loses nothing.</summary>
public sealed class RequestDrafts(IDbContextFactory<PortalDb> databases, TimeProvider time)
{
    /// <summary>Returns the form; null if there is none, or another version of the portal wrote it in another shape.</summary>
    public async Task<RequestFormModel?> ReadAsync(string userId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var draft = await db.RequestDrafts.AsNoTracking().SingleOrDefaultAsync(d => d.UserId == userId, cancellationToken);
        try
        {
            return draft is null ? null : JsonSerializer.Deserialize<RequestFormModel>(draft.Form, JsonSerializerOptions.Web);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public async Task WriteAsync(string userId, RequestFormModel form, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var json = JsonSerializer.Serialize(form, JsonSerializerOptions.Web);
        var draft = await db.RequestDrafts.SingleOrDefaultAsync(d => d.UserId == userId, cancellationToken);
        if (draft is null)
            db.RequestDrafts.Add(new RequestDraft { UserId = userId, Form = json, WrittenAt = time.GetUtcNow() });
        else
            (draft.Form, draft.WrittenAt) = (json, time.GetUtcNow());
        await db.SaveChangesAsync(cancellationToken);
    }

    public async Task DiscardAsync(string userId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.RequestDrafts.Where(d => d.UserId == userId).ExecuteDeleteAsync(cancellationToken);
    }
}
