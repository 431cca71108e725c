using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Policies;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Trials.Models;
using SafetyPortal.Worker.Stages;

namespace SafetyPortal.Worker.Running;

/// <summary>
/// Carries out one run: claims it, walks the stages, and ends it. It stores each stage's output before the next begins, so a run whose process ended
/// resumes at its stage, and its evidence has the digest that an undisturbed run has.
/// </summary>
public sealed class RunExecutor(
    IDbContextFactory<PortalDb> databases,
    RunLease lease,
    CurrentPolicy policies,
    IArtifactStore artifacts,
    VerdictSigner signer,
    TorchThread torch,
    DataFolder folder,
    WorkerOptions options,
    TimeProvider time,
    ILogger<RunExecutor> logger)
{
    private readonly DraftFiles drafts = new(folder.Temporary);

    /// <summary>Carries out a run. Returns its final status, or null when another worker holds it or the host stopped meanwhile.</summary>
    /// <param name="observer">Sees progress as it happens; may be null.</param>
    /// <param name="hostStopping">Cancelled when the process ends; the run resumes later.</param>
    public async Task<RunStatus?> ExecuteAsync(long runId, IProgress<RunProgress>? observer, CancellationToken hostStopping)
    {
        if (await lease.ClaimAsync(runId, WorkerIdentity.Current, hostStopping) is not { } ticket)
            return null;

        await using var pump = new ProgressPump(lease, ticket, artifacts, time, observer, hostStopping);
        return await LeasedExecution.ExecuteAsync(
            lease,
            ticket,
            pump.Heart,
            async () =>
            {
                await signer.DemandUsableAsync(hostStopping);
                return await lease.CompleteAsync(ticket, await SignAsync(await WalkAsync(ticket, pump)), CancellationToken.None);
            },
            logger,
            hostStopping);
    }

    /// <summary>
    /// Returns the settings that a run began with and this process has otherwise; null if there are none. A run that has begun keeps its settings.
    /// </summary>
    public async Task<string?> OtherSettingsAsync(long runId, CancellationToken cancellation)
    {
        await using var db = await databases.CreateDbContextAsync(cancellation);
        var run = await db.Runs.AsNoTracking().Include(r => r.StageResults).SingleAsync(r => r.Id == runId, cancellation);
        var began = await StageArtifacts.FindAsync<LoadOutput>(artifacts, run, RunStage.Load, cancellation);
        return began is null ? null : RunSettings.Otherwise(began, options);
    }

    private async Task<RunOutcome> WalkAsync(LeaseTicket ticket, ProgressPump pump)
    {
        var stop = pump.Stop;
        using var context = await ContextAsync(ticket, pump, stop);
        var finished = await FinishedAsync(ticket.Id, stop);

        var load = await Stage(RunStage.Load, () => LoadStage.RunAsync(context, stop), known => known.Environment == RunEnvironment.Of(options));
        context.Pin(load);
        var baseline = await Stage(RunStage.Baseline, () => BaselineStage.RunAsync(context, load, stop));
        var attribution = await Stage(RunStage.Attribute, () => AttributeStage.RunAsync(context, load, stop));
        var ablation = await Stage(RunStage.Ablate, () => AblateStage.RunAsync(context, load, baseline, attribution, stop));
        var generated = await Stage(RunStage.Generate, () => GenerateStage.RunAsync(context, load, baseline, attribution, ablation, stop));
        var measured = await Stage(RunStage.Measure, () => MeasureStage.RunAsync(context, load, baseline, ablation, generated, stop));
        var redTeam = await Stage(RunStage.RedTeam, () => RedTeamStage.RunAsync(context, load, attribution, ablation, generated, stop));
        return await Stage(
            RunStage.Evidence,
            () => EvidenceStage.RunAsync(context, load, baseline, attribution, ablation, generated, measured, redTeam, stop));

        async Task<T> Stage<T>(RunStage stage, Func<Task<T>> work, Predicate<T>? fits = null)
            where T : class
        {
            stop.ThrowIfCancellationRequested();
            if (finished.TryGetValue(stage, out var stored))
            {
                if (await StageArtifacts.ReadAsync<T>(artifacts, stored, stop) is { } known && fits?.Invoke(known) != false)
                    return known;

                // A file is missing, or the run began under another library, device or thread count.
                logger.LogInformation("Run {Run}: stage {Stage} and those after it are made again.", ticket.Id, stage);
                finished.Clear();
            }

            var started = Stopwatch.GetTimestamp();
            var output = await work();
            var digest = await context.PutJsonAsync(output, stop);
            pump.Note(await lease.FinishStageAsync(ticket, stage, digest, Stopwatch.GetElapsedTime(started).TotalSeconds, stop));
            return output;
        }
    }

    // The worker signs the evidence that the store gives back, which approvers will see.
    private async Task<RunOutcome> SignAsync(RunOutcome outcome)
    {
        var evidence = EvidenceDocument.FromBytes(await artifacts.ReadAsync(outcome.EvidenceArtifact, CancellationToken.None));
        return outcome with { Verdict = await signer.SignAsync(evidence, CancellationToken.None) };
    }

    private async Task<RunContext> ContextAsync(LeaseTicket ticket, ProgressPump pump, CancellationToken cancellation)
    {
        await using var db = await databases.CreateDbContextAsync(cancellation);
        var request = await db.EraseRequests.AsNoTracking()
            .Include(r => r.ModelVersion)
            .SingleAsync(r => r.Runs.Any(run => run.Id == ticket.Id), cancellation);
        var model = request.ModelVersion ?? throw new NotFoundException($"Request {request.Id} names no model.");
        return new RunContext(
            request,
            model,
            ModelFolder.Resolve(options.ModelRoot, model.Folder),
            await policies.GetAsync(cancellation),
            options,
            artifacts,
            torch,
            drafts,
            pump);
    }

    private async Task<Dictionary<RunStage, string>> FinishedAsync(long runId, CancellationToken cancellation)
    {
        await using var db = await databases.CreateDbContextAsync(cancellation);
        return await db.StageResults.AsNoTracking().Where(r => r.RunId == runId).ToDictionaryAsync(r => r.Stage, r => r.ArtifactDigest, cancellation);
    }
}
