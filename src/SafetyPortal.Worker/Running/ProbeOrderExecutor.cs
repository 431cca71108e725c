using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.RedTeam;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.RedTeam;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Trials;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Probing;
using SafetyPortal.Worker.Stages;

namespace SafetyPortal.Worker.Running;

/// <summary>
/// Carries out one red-team order: claims it, attacks the patch, stores the sheets and the report, and ends it. An order whose process ended starts
/// over; its probes are seeded, so it finds the same.
/// </summary>
public sealed class ProbeOrderExecutor(
    IDbContextFactory<PortalDb> databases,
    ProbeOrderLease lease,
    IArtifactStore artifacts,
    TorchThread torch,
    WorkerOptions options,
    TimeProvider time,
    ILogger<ProbeOrderExecutor> logger)
{
    /// <summary>Carries out an order. Returns its final status, or null when another worker holds it or the host stopped meanwhile.</summary>
    /// <param name="observer">Sees progress as it happens; may be null.</param>
    /// <param name="hostStopping">Cancelled when the process ends; the order starts over later.</param>
    public async Task<RunStatus?> ExecuteAsync(long orderId, IProgress<ProbeProgress>? observer, CancellationToken hostStopping)
    {
        if (await lease.ClaimAsync(orderId, WorkerIdentity.Current, hostStopping) is not { } ticket)
            return null;

        ProbeProgress? latest = null;
        await using var heart = new HeartBeat(
            cancellation => Interlocked.Exchange(ref latest, null) is { } at
                ? lease.ReportAsync(ticket, at.Code, at.Calls, at.Limit, cancellation)
                : lease.RenewAsync(ticket, cancellation),
            time,
            hostStopping);
        var relay = new Relay<ProbeProgress>(value =>
        {
            Volatile.Write(ref latest, value);
            observer?.Report(value);
        });
        return await LeasedExecution.ExecuteAsync(
            lease,
            ticket,
            heart,
            async () =>
            {
                var report = await ProbeAsync(orderId, relay, heart.Stop);
                return await lease.CompleteAsync(ticket, await artifacts.PutAsync(report.ToBytes(), CancellationToken.None), CancellationToken.None);
            },
            logger,
            hostStopping);
    }

    private async Task<ProbeReport> ProbeAsync(long orderId, IProgress<ProbeProgress> progress, CancellationToken stop)
    {
        await using var db = await databases.CreateDbContextAsync(stop);
        var order = await db.ProbeOrders.AsNoTracking().Include(o => o.Run).SingleAsync(o => o.Id == orderId, stop);
        var run = order.Run!;

        // The requester may have revised the request since; the evidence has the one that the patch is for.
        var evidence = EvidenceDocument.FromBytes(await artifacts.ReadAsync(run.EvidenceArtifact!, stop));
        var request = evidence.Request;
        var model = await db.ModelVersions.AsNoTracking().SingleOrDefaultAsync(m => m.Name == request.Model && m.Digest == evidence.BaseDigest, stop)
            ?? throw new NotFoundException(
                $"Expected the model {request.Model} with the weights {evidence.BaseDigest}, which the patch is for; it is not registered.");
        var work = new RedTeamOrder(
            request.ConceptKind, request.ConceptName, order.Probes, ProbeOrderSettings.Of(order.Budget, evidence, options.RedTeam.Images))
        {
            Set = request.EvaluationSet,
            Synonyms = request.Synonyms ?? [],
        };
        var patch = AblationPatch.Load(await artifacts.PathOfAsync(order.PatchDigest, stop));
        var folder = ModelFolder.Resolve(options.ModelRoot, model.Folder);
        var (found, digest) = await torch.Run(() =>
        {
            var device = new TorchSharp.torch.Device(options.Device);
            using var loaded = LoadedModel.Load(folder, model.Digest, options.Evaluation, device, evidence.Components, stop);
            return (RedTeamRun.Run(loaded, patch, work, progress, stop), loaded.Digest);
        });
        return new ProbeReport(
            ProbeReport.CurrentSchema, order.RequestId, run.Id, run.EvidenceDigest!, digest, order.PatchDigest, RunEnvironment.Of(options),
            await RedTeamStage.StoreAsync(artifacts, found, stop));
    }
}
