using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Evidence;

/// <summary>A worker's public key. Verdicts signed by it count until it is withdrawn.</summary>
public sealed class WorkerKey : IVersioned, IAudited
{
    /// <summary>SHA-256 of the public key, 64 hexadecimal digits.</summary>
    public required string Id { get; init; }

    public required string PublicPem { get; init; }

    /// <summary>The machine whose worker registered it; empty for keys from before it was recorded.</summary>
    public string Name { get; init; } = "";

    public required DateTimeOffset RegisteredAt { get; init; }

    /// <summary>When an administrator withdrew it; null while it counts.</summary>
    public DateTimeOffset? WithdrawnAt { get; private set; }

    public string? WithdrawnReason { get; private set; }

    public long Version { get; set; }

    /// <summary>From here on no decision can rest on what it signed.</summary>
    public void Withdraw(string reason, DateTimeOffset now)
    {
        if (WithdrawnAt is not null)
            throw new IllegalMoveException($"The worker key {Id} was withdrawn already.");
        (WithdrawnAt, WithdrawnReason) = (now, reason);
    }

    /// <summary>Verdicts it signed count again.</summary>
    public void Restore()
    {
        if (WithdrawnAt is null)
            throw new IllegalMoveException($"The worker key {Id} is trusted already.");
        (WithdrawnAt, WithdrawnReason) = (null, null);
    }
}
