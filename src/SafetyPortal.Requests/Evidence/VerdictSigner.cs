using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Evidence;

/// <summary>Signs verdicts with this installation's worker key, which is registered on its first use.</summary>
public sealed class VerdictSigner(IDbContextFactory<PortalDb> databases, DataFolder folder) : IDisposable
{
    private readonly Lazy<SigningKey> key = new(() => SigningKey.LoadOrCreate(folder.WorkerKey));

    /// <summary>Signs the gates of the evidence.</summary>
    /// <exception cref="InvalidDataException">The evidence does not agree with itself.</exception>
    /// <exception cref="IllegalMoveException">The key was withdrawn.</exception>
    public async Task<SignedVerdict> SignAsync(EvidenceDocument evidence, CancellationToken cancellationToken)
    {
        await RegisterAsync(cancellationToken);
        return SignedVerdict.Of(evidence, key.Value);
    }

    /// <summary>Signs gates alone, for evidence that is stored elsewhere.</summary>
    internal async Task<SignedVerdict> SignAsync(string evidenceDigest, string policy, IReadOnlyList<GateVerdict> gates, CancellationToken cancellationToken)
    {
        await RegisterAsync(cancellationToken);
        return SignedVerdict.Of(evidenceDigest, policy, gates, key.Value);
    }

    /// <summary>Registers the key when it is new, so that a withdrawn one is found out before hours of work and not after.</summary>
    /// <exception cref="IllegalMoveException">The key was withdrawn.</exception>
    public Task DemandUsableAsync(CancellationToken cancellationToken) => RegisterAsync(cancellationToken);

    private async Task RegisterAsync(CancellationToken cancellationToken)
    {
        var (id, pem) = (key.Value.Id, key.Value.PublicPem);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.WorkerKeys.AsNoTracking().SingleOrDefaultAsync(known => known.Id == id, cancellationToken) is { } registered)
        {
            DemandTrusted(registered);
            return;
        }
        await using var write = await db.BeginWriteAsync(cancellationToken);
        if (await db.WorkerKeys.AnyAsync(known => known.Id == id, cancellationToken))
            return;
        db.WorkerKeys.Add(new WorkerKey { Id = id, PublicPem = pem, Name = Environment.MachineName, RegisteredAt = db.Now });
        db.Record(Actor.System("worker"), "worker-key.registered", $"worker-key/{id}", new { keyId = id, name = Environment.MachineName });
        await write.CommitAsync(cancellationToken);
    }

    // A new key made here would be trusted at once, so a reader of a doubtful worker's folder would be trusted again.
    private void DemandTrusted(WorkerKey registered)
    {
        if (registered.WithdrawnAt is { } at)
        {
            throw new IllegalMoveException(
                $"The key {registered.Id} of this worker was withdrawn on {at:u}, so nobody could decide on what it signs. An administrator can trust it again under Worker keys; "
                + $"for a new key move {folder.WorkerKey} away and start the worker again.");
        }
    }

    public void Dispose()
    {
        if (key.IsValueCreated)
            key.Value.Dispose();
    }
}
