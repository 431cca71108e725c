using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Policies;

/// <summary>A stored policy. Never changed: a change is a new version, and the newest is in force.</summary>
public sealed class PolicyVersion : IAudited
{
    public long Id { get; private set; }

    /// <summary>SHA-256 over <see cref="Json"/>.</summary>
    public required string Digest { get; init; }

    /// <summary>The <see cref="PolicyDocument"/> as canonical JSON.</summary>
    public required string Json { get; init; }

    public required string AddedByName { get; init; }

    public required DateTimeOffset AddedAt { get; init; }

    /// <summary>Reads a policy from <see cref="Json"/>.</summary>
    /// <exception cref="JsonException">The text is not a policy.</exception>
    public static PolicyDocument Read(string json) =>
        JsonSerializer.Deserialize<PolicyDocument>(json, CanonicalJson.Options) ?? throw new JsonException("expected a policy object, got null");
}

/// <summary>The policy in force.</summary>
public sealed record PolicyInForce(long VersionId, string Digest, PolicyDocument Document)
{
    /// <summary>How evidence names it, for example "1:9f86d0...".</summary>
    public string Name => $"{VersionId}:{Digest}";
}

/// <summary>A version of the policy, with the administrator who added it.</summary>
public sealed record PolicyHistoryEntry(PolicyInForce Policy, string AddedByName, DateTimeOffset AddedAt);

/// <summary>Reads the versions of the policy.</summary>
public sealed class CurrentPolicy(IDbContextFactory<PortalDb> databases)
{
    public async Task<PolicyInForce> GetAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await GetAsync(db, cancellationToken);
    }

    /// <summary>Returns every version, the one in force first.</summary>
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

/// <summary>Puts a new version of the policy in force. Administrators only. Evidence of an older version keeps naming that.</summary>
public sealed class ChangePolicy(IDbContextFactory<PortalDb> databases)
{
    /// <param name="changedFrom">The version that the actor changed, so that they cannot overwrite one that they have not seen.</param>
    /// <exception cref="InvalidRequestException">A value is out of range.</exception>
    /// <exception cref="IllegalMoveException">Another version came into force meanwhile.</exception>
    public async Task<PolicyInForce> ExecuteAsync(Actor actor, PolicyDocument policy, long changedFrom, CancellationToken cancellationToken)
    {
        await using var write = await databases.BeginWriteAsync(actor, cancellationToken, Roles.Administrator);
        var (db, now) = write;
        if (policy.Problems() is { Count: > 0 } problems)
            throw new InvalidRequestException(problems);
        var newest = await db.PolicyVersions.AsNoTracking().OrderByDescending(p => p.Id).FirstAsync(cancellationToken);
        if (newest.Id != changedFrom)
        {
            throw new IllegalMoveException(
                $"{newest.AddedByName} changed the policy meanwhile: version {newest.Id} is in force, you changed version {changedFrom}. "
                + "Look at it before you save yours.");
        }

        var json = CanonicalJson.Serialize(policy);
        var version = new PolicyVersion { Digest = CanonicalJson.DigestOfText(json), Json = json, AddedByName = actor.Name, AddedAt = now };
        db.PolicyVersions.Add(version);
        db.Record(actor, "policy.changed", () => $"policy/{version.Id}", policy);
        await write.CommitAsync(cancellationToken);
        return new(version.Id, version.Digest, policy);
    }
}
