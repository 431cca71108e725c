using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Policies;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Evidence;

/// <summary>What a worker states: it computed these gates over this evidence under this policy.</summary>
/// <param name="EvidenceDigest"><see cref="EvidenceDocument.Digest"/>.</param>
/// <param name="Policy"><see cref="PolicyInForce.Name"/>.</param>
/// <param name="KeyId">SHA-256 of the worker's public key.</param>
public sealed record VerdictStatement(string Schema, string EvidenceDigest, string Policy, IReadOnlyList<GateVerdict> Gates, string KeyId)
{
    public const string CurrentSchema = "safetyportal.verdict/1";

    /// <summary>Whether every gate passed.</summary>
    public bool GatesPassed() => GateRule.AllPassed(Gates);
}

/// <summary>A worker's statement with its signature. It is no part of the evidence, whose digest a repeated run repeats: a signature never does.</summary>
/// <param name="Statement">A <see cref="VerdictStatement"/> as the text that the worker signed, so that a version with more members verifies it too.</param>
/// <param name="Signature">ECDSA P-256 with SHA-256 over the statement, base64.</param>
public sealed record SignedVerdict(string Statement, string Signature)
{
    /// <summary>The statement; null when the text is none of this schema.</summary>
    [JsonIgnore]
    public VerdictStatement? Content => Read<VerdictStatement>(Statement) is
    { Schema: VerdictStatement.CurrentSchema, EvidenceDigest: not null, Policy: not null, KeyId: not null, Gates: not null } statement
        && statement.Gates.All(gate => gate is { Code: not null, Text: not null }) ? statement : null;

    /// <summary>Signs the gates of evidence.</summary>
    /// <exception cref="InvalidDataException">The evidence does not agree with itself.</exception>
    public static SignedVerdict Of(EvidenceDocument evidence, SigningKey key) => evidence.Verify(expectedDigest: null) is { Count: > 0 } problems
        ? throw new InvalidDataException($"Expected sound evidence to sign: {string.Join("; ", problems)}.")
        : Of(evidence.Digest(), evidence.Policy, evidence.Gates, key);

    internal static SignedVerdict Of(string evidenceDigest, string policy, IReadOnlyList<GateVerdict> gates, SigningKey key)
    {
        var statement = CanonicalJson.Serialize(new VerdictStatement(VerdictStatement.CurrentSchema, evidenceDigest, policy, gates, key.Id));
        return new(statement, key.Sign(statement));
    }

    /// <summary>Returns whether the signature is that of <paramref name="key"/> over exactly this statement.</summary>
    public bool IsSignedBy(SigningKey key) => Content?.KeyId == key.Id && key.Verifies(Statement, Signature);

    public string ToJson() => CanonicalJson.Serialize(this);

    /// <summary>Reads what <see cref="ToJson"/> wrote; null for text that is no verdict.</summary>
    public static SignedVerdict? Read(string? json) => Read<SignedVerdict>(json) is { Signature: not null, Content: not null } verdict ? verdict : null;

    private static T? Read<T>(string? json)
        where T : class
    {
        if (json is null)
            return null;
        try
        {
            return JsonSerializer.Deserialize<T>(json, CanonicalJson.Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>Signs verdicts with the worker key of this data folder, and registers it on its first use.</summary>
public sealed class VerdictSigner(IDbContextFactory<PortalDb> databases, DataFolder folder) : IDisposable
{
    private readonly Lazy<SigningKey> key = new(() => SigningKey.LoadOrCreate(folder.WorkerKey));

    /// <summary>Signs the gates of the evidence.</summary>
    /// <exception cref="InvalidDataException">The evidence does not agree with itself.</exception>
    /// <exception cref="IllegalMoveException">The key was withdrawn.</exception>
    public async Task<SignedVerdict> SignAsync(EvidenceDocument evidence, CancellationToken cancellationToken)
    {
        await DemandUsableAsync(cancellationToken);
        return SignedVerdict.Of(evidence, key.Value);
    }

    /// <summary>Registers the key when it is new. A worker calls this before hours of work, not after.</summary>
    /// <exception cref="IllegalMoveException">The key was withdrawn.</exception>
    public async Task DemandUsableAsync(CancellationToken cancellationToken)
    {
        var (id, pem) = (key.Value.Id, key.Value.PublicPem);
        await using var write = await databases.BeginWriteAsync(cancellationToken);
        var (db, now) = write;
        var registered = await db.WorkerKeys.AsNoTracking().SingleOrDefaultAsync(known => known.Id == id, cancellationToken);
        if (registered?.WithdrawnAt is { } at)
        {
            // A new key is trusted at once, so making one here would trust the owner of a doubtful worker's folder again.
            throw new IllegalMoveException(
                $"The key {id} of this worker was withdrawn on {at:u}, so no decision could rest on what it signs. "
                + "An administrator can trust it again under Worker keys; "
                + $"for a new key move {folder.WorkerKey} away and start the worker again.");
        }
        if (registered is not null)
            return;
        db.WorkerKeys.Add(new WorkerKey { Id = id, PublicPem = pem, Name = Environment.MachineName, RegisteredAt = now });
        db.Record(Actor.System("worker"), "worker-key.registered", $"worker-key/{id}", new { keyId = id, name = Environment.MachineName });
        await write.CommitAsync(cancellationToken);
    }

    public void Dispose()
    {
        if (key.IsValueCreated)
            key.Value.Dispose();
    }
}
