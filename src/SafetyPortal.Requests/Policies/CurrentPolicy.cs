using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Policies;

/// <summary>The policy in force with the name evidence gives it.</summary>
public sealed record PolicyInForce(long VersionId, string Digest, PolicyDocument Document)
{
    /// <summary>What evidence records, for example "1:9f86d0...".</summary>
    public string Name => $"{VersionId}:{Digest}";
}

/// <summary>A policy that is or was in force, with who put it there.</summary>
public sealed record PolicyHistoryEntry(PolicyInForce Policy, string AddedByName, DateTimeOffset AddedAt);

/// <summary>Reads the newest policy, and the ones before it.</summary>
public sealed class CurrentPolicy(IDbContextFactory<PortalDb> databases)
{
    public async Task<PolicyInForce> GetAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await GetAsync(db, cancellationToken);
    }

    /// <summary>Every version, the one in force first.</summary>
    public async Task<IReadOnlyList<PolicyHistoryEntry>> HistoryAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var versions = await db.PolicyVersions.AsNoTracking().OrderByDescending(p => p.Id).ToListAsync(cancellationToken);
        return [.. versions.Select(p => new PolicyHistoryEntry(new(p.Id, p.Digest, PolicyVersion.Read(p.Json)), p.AddedByName, p.AddedAt))];
    }

    internal static async Task<PolicyInForce> GetAsync(PortalDb db, CancellationToken cancellationToken)
    {
        var newest = await db.PolicyVersions.AsNoTracking().OrderByDescending(p => p.Id).FirstOrDefaultAsync(cancellationToken)
            ?? throw new NotFoundException("There is no policy; the database was not set up.");
        return new(newest.Id, newest.Digest, PolicyVersion.Read(newest.Json));
    }
}

/// <summary>Puts a new policy in force. Administrators only; evidence made under an older one keeps naming that.</summary>
public sealed class ChangePolicy(IDbContextFactory<PortalDb> databases)
{
    /// <param name="changedFrom">The version whose values were changed, so that an administrator cannot overwrite a policy they have not seen.</param>
    /// <exception cref="InvalidRequestException">A value is out of range.</exception>
    /// <exception cref="IllegalMoveException">Another version came into force meanwhile.</exception>
    public async Task<PolicyInForce> ExecuteAsync(Actor actor, PolicyDocument policy, long changedFrom, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(policy);
        await using var write = await databases.BeginWriteAsync(actor, cancellationToken, Roles.Administrator);
        var (db, now) = write;
        if (policy.Problems() is { Count: > 0 } problems)
            throw new InvalidRequestException(problems);
        var newest = await db.PolicyVersions.AsNoTracking().OrderByDescending(p => p.Id).FirstAsync(cancellationToken);
        if (newest.Id != changedFrom)
            throw new IllegalMoveException($"Somebody else changed the policy: version {newest.Id} of {newest.AddedByName} is in force, you changed version {changedFrom}. Look at it before you save yours.");

        var json = Audit.CanonicalJson.Serialize(policy);
        var version = new PolicyVersion { Digest = Audit.CanonicalJson.DigestOfText(json), Json = json, AddedByName = actor.Name, AddedAt = now };
        db.PolicyVersions.Add(version);
        db.Record(actor, "policy.changed", () => $"policy/{version.Id}", policy);
        await write.CommitAsync(cancellationToken);
        return new(version.Id, version.Digest, policy);
    }
}
