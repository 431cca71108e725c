using System.Text;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Evidence.Pack;

/// <summary>Writes the evidence pack of a request: everything that its decisions rest on. Approvers and auditors. The history records each export.</summary>
public sealed class ExportEvidence(
    IDbContextFactory<PortalDb> databases, IArtifactStore artifacts, WriteCheckpoint checkpoint, CheckpointFile checkpoints, SigningKey auditKey)
{
    /// <summary>The actor of an export from the command line, which has the data folder at hand.</summary>
    public static readonly Actor CommandLine = Actor.System("command-line");

    /// <summary>Most events that a pack holds whole; about 50 MB.</summary>
    internal const int MaxEvents = 100_000;

    /// <exception cref="NotAllowedException">The actor is neither approver nor auditor.</exception>
    /// <exception cref="NotFoundException">There is no such request, or it has no evidence.</exception>
    /// <exception cref="ArtifactException">A part of the evidence is missing or damaged.</exception>
    public async Task ExecuteAsync(Actor actor, long requestId, Stream target, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var whole = await MayReadHistoryAsync(db, actor, cancellationToken);
        var request = await db.LoadRequestAsync(requestId, cancellationToken);
        if (request.CurrentRun is not { EvidenceArtifact: { } artifact, Verdict: { } verdict } run)
            throw new NotFoundException($"Request {requestId} has no signed evidence.");
        var bytes = await artifacts.ReadAsync(artifact, cancellationToken);
        var evidence = EvidenceDocument.FromBytes(bytes);
        if (EvidenceDocument.Verify(bytes, run.EvidenceDigest) is { Count: > 0 } problems)
            throw new ArtifactException($"The evidence of request {requestId} does not agree with itself: {string.Join("; ", problems)}.");

        await using (var write = await db.BeginWriteAsync(cancellationToken))
        {
            db.Record(actor, "evidence.exported", $"request/{requestId}", new { run.EvidenceDigest });
            await write.CommitAsync(cancellationToken);
        }
        await checkpoint.ExecuteAsync(cancellationToken);

        var files = new Dictionary<string, Func<CancellationToken, Task<Stream>>>(StringComparer.Ordinal);
        void Text(string path, string text) => files[path] = _ => Task.FromResult<Stream>(new MemoryStream(Encoding.UTF8.GetBytes(text)));
        void Artifact(string path, string digest) => files[path] = cancellation => artifacts.OpenAsync(digest, cancellation);

        Artifact(PackPath.Evidence, artifact);
        Artifact(PackPath.Patch, run.PatchDigest!);
        foreach (var entry in evidence.Gallery.Entries)
        {
            Artifact(PackPath.Image(entry.BeforeDigest), entry.BeforeDigest);
            Artifact(PackPath.Image(entry.AfterDigest), entry.AfterDigest);
        }
        foreach (var digest in PackPath.ArtifactsOf(evidence))
            Artifact(PackPath.Artifact(digest), digest);
        Text(PackPath.Verdict, verdict);
        Text(PackPath.WorkerKey, await WorkerKeyAsync(db, verdict, cancellationToken));
        Text(PackPath.AuditKey, auditKey.PublicPem);
        Text(PackPath.Policy, await PolicyAsync(db, evidence.Policy, cancellationToken));
        Text(PackPath.Decisions, CanonicalJson.Serialize(await DecisionsAsync(db, request, cancellationToken)));
        var anchor = await AnchorAsync(cancellationToken);
        Text(PackPath.Checkpoint, CanonicalJson.Serialize(anchor));
        (var events, whole) = await EventsAsync(db, requestId, anchor.Count, whole, cancellationToken);
        Text(PackPath.Events, events);
        await PackWriter.WriteAsync(
            target, files, listed => new PackManifest(PackManifest.CurrentSchema, requestId, run.Id, run.EvidenceDigest!, whole, listed), cancellationToken);
    }

    private async Task<bool> MayReadHistoryAsync(PortalDb db, Actor actor, CancellationToken cancellationToken)
    {
        if (actor == CommandLine)
            return true;
        await db.DemandRoleAsync(actor, cancellationToken, Roles.Approver, Roles.Auditor);
        return (await db.RolesOfAsync(actor.Id, cancellationToken)).Contains(Roles.Auditor);
    }

    private static async Task<string> WorkerKeyAsync(PortalDb db, string verdict, CancellationToken cancellationToken)
    {
        var id = SignedVerdict.Read(verdict)?.Content?.KeyId;
        return await db.WorkerKeys.Where(key => key.Id == id).Select(key => key.PublicPem).SingleOrDefaultAsync(cancellationToken)
            ?? throw new NotFoundException($"The key {id} that signed the verdict is not registered.");
    }

    private static async Task<string> PolicyAsync(PortalDb db, string name, CancellationToken cancellationToken)
    {
        var digest = name[(name.IndexOf(':', StringComparison.Ordinal) + 1)..];
        return await db.PolicyVersions.Where(policy => policy.Digest == digest)
            .OrderBy(policy => policy.Id).Select(policy => policy.Json).FirstOrDefaultAsync(cancellationToken)
            ?? throw new NotFoundException($"The policy {name} of the evidence is not stored.");
    }

    private static async Task<PackDecisions> DecisionsAsync(PortalDb db, EraseRequest request, CancellationToken cancellationToken)
    {
        var decisions = await db.Decisions.AsNoTracking().Where(d => d.RequestId == request.Id).OrderBy(d => d.Id).ToListAsync(cancellationToken);
        var waivers = await db.Waivers.AsNoTracking().Where(w => w.RequestId == request.Id).OrderBy(w => w.Id).ToListAsync(cancellationToken);
        return new(
            request.PromptSalt,
            [.. decisions.Select(d => new PackDecision(d.ApproverId, d.ApproverName, d.Kind, d.Reason, d.Comment, d.EvidenceDigest, d.DecidedAt))],
            [.. waivers.Select(w => new PackWaiver(w.GrantedById, w.GrantedByName, w.Reason, w.EvidenceDigest, w.GrantedAt))]);
    }

    private async Task<AuditCheckpoint> AnchorAsync(CancellationToken cancellationToken)
    {
        var lines = await checkpoints.ReadAsync(cancellationToken);
        return lines is [.., { Checkpoint: { } newest }]
            ? newest
            : throw new BrokenHistoryException("The newest checkpoint of the history cannot be trusted; verify the history before you export evidence.");
    }

    private static async Task<(string Lines, bool Whole)> EventsAsync(PortalDb db, long requestId, long until, bool whole, CancellationToken cancellationToken)
    {
        var first = await db.AuditEvents.Where(e => e.RequestId == requestId).MinAsync(e => e.Sequence, cancellationToken);
        whole &= until - first < MaxEvents;
        var lines = new StringBuilder();
        await foreach (var e in db.AuditEvents.AsNoTracking().Where(e => e.Sequence >= first && e.Sequence <= until)
            .OrderBy(e => e.Sequence).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            var line = whole || e.RequestId == requestId
                ? CanonicalJson.Serialize(
                    new PackEvent(e.Sequence, AuditHash.Iso(e.Time), e.ActorId, e.ActorName, e.Action, e.Subject, e.Payload, e.PreviousHash, e.Hash))
                : CanonicalJson.Serialize(new PackLink(e.Sequence, e.RequestId, AuditHash.Content(e)));
            lines.Append(line).Append('\n');
        }
        return (lines.ToString(), whole);
    }
}
