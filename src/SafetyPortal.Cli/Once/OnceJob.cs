using SafetyPortal.Cli.Commands;
using SafetyPortal.Cli.Output;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.Models;
using SafetyPortal.Requests.Releases;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Worker.Running;

namespace SafetyPortal.Cli.Once;

/// <summary>What the main job is to erase, and how.</summary>
internal sealed record OnceWish(ConceptArgument Concept, EraseMethod Method, long Seed, IReadOnlyList<double> Doses);

/// <summary>Outcome of the main job.</summary>
/// <param name="Failures">Why the outcome is negative; empty when everything passed.</param>
internal sealed record OnceOutcome(
    EraseRequest Request, Run Run, EvidenceDocument? Evidence, string Decision, bool AuditVerified, IReadOnlyList<string> Failures);

/// <summary>
/// The main job without a browser: files the request as the reviewer, carries the run out, decides as the approver and releases, through
/// the same use cases as the pages. After a kill, the next call continues the request that is still open.
/// </summary>
internal sealed class OnceJob(PortalServices portal, IProgress<WorkStep> progress)
{
    /// <summary>Marks the job's own requests.</summary>
    internal const string Justification = "Filed by the command line to show the whole job on the embedded model.";

    private static readonly string[] Approvers = ["approver", "approver2"];

    public async Task<OnceOutcome> RunAsync(ModelVersion model, OnceWish wish, CancellationToken cancellation)
    {
        var reviewer = await portal.ActorAsync("reviewer", cancellation);
        var id = await OpenRequestAsync(reviewer, model, wish, cancellation);
        await portal.Get<RunLease>().RecoverAsync(WorkerIdentity.IsGone, cancellation);
        var (request, run, decisions) = await FindAsync(reviewer, id, cancellation);
        if (request.Status is RequestStatus.Queued or RequestStatus.Running)
        {
            await portal.CarryOutAsync(run.Id, progress, cancellation);
            (request, run, decisions) = await FindAsync(reviewer, id, cancellation);
        }

        var failures = new List<string>();
        EvidenceDocument? evidence = null;
        var decision = "none";
        if (run.EvidenceArtifact is { } artifact)
        {
            evidence = EvidenceDocument.FromBytes(await portal.Get<IArtifactStore>().ReadAsync(artifact, cancellation));
            failures.AddRange(evidence.Verify(run.EvidenceDigest).Concat(evidence.Gates.Where(g => !g.Passed).Select(g => g.Text)));
            decision = await DecideAsync(request, run, decisions, failures, cancellation);
        }
        else
        {
            failures.Add($"The run ended as {run.Status.ToString().ToLowerInvariant()}: {run.Error ?? "no reason was recorded"}");
        }

        await portal.Get<WriteCheckpoint>().ExecuteAsync(cancellation);
        var audit = await portal.Get<AuditVerifier>().ExecuteAsync(cancellation);
        failures.AddRange(audit.Problems.Select(p => p.Text));
        return new OnceOutcome(request, run, evidence, decision, audit.Sound, failures);
    }

    /// <summary>Returns the number of the request an earlier call left open, or of a new one. Its run is queued or further.</summary>
    /// <exception cref="DuplicateRequestException">A person's request for the same model and concept is open.</exception>
    /// <exception cref="InvalidRequestException">The open request has another method, seed or doses, or its run began with other settings.</exception>
    public async Task<long> OpenRequestAsync(Actor reviewer, ModelVersion model, OnceWish wish, CancellationToken cancellation)
    {
        var concept = wish.Concept;
        if (await portal.Get<FindDuplicate>().ExecuteAsync(model.Id, concept.Kind, concept.Name, cancellation) is { } known)
            return await ContinueAsync(reviewer, known, wish, cancellation);

        var content = new RequestContent
        {
            ModelVersionId = model.Id,
            ConceptKind = concept.Kind,
            ConceptName = concept.Name,
            ConceptPrompts = ConceptPrompts.DefaultFor(concept.Kind, concept.Name, model.Objects, model.Styles),
            Justification = Justification,
            Method = wish.Method,
            Seed = wish.Seed,
            Doses = wish.Doses,
        };
        return (await portal.Get<FileRequest>().StartAsync(reviewer, content, requestId: null, cancellation)).Id;
    }

    private async Task<long> ContinueAsync(Actor reviewer, long id, OnceWish wish, CancellationToken cancellation)
    {
        const string Way = "go on with the former, or choose another data folder.";
        var request = (await portal.Get<RequestQueries>().GetAsync(reviewer.Id, id, cancellation))?.Request;
        if (request?.Justification != Justification)
        {
            throw new DuplicateRequestException(
                id,
                $"Request {id}, filed by a person, is open for the same model and concept: decide or cancel it in the portal, or choose another data folder.");
        }

        var (before, now) = (Settings(request.Method, request.Seed, request.Doses), Settings(wish.Method, wish.Seed, [.. wish.Doses.Order()]));
        if (before != now)
            throw new InvalidRequestException([new(nameof(RequestContent.Method), $"Request {id} is open with {before}, not with {now}: {Way}")]);
        if (request.Status is RequestStatus.Submitted or RequestStatus.ChangesRequested or RequestStatus.Failed)
            await portal.Get<StartRun>().ExecuteAsync(reviewer, id, cancellation);
        else if (request.CurrentRunId is { } run && await portal.Get<RunExecutor>().OtherSettingsAsync(run, cancellation) is { } other)
            throw new InvalidRequestException([new(nameof(RequestContent.Method), $"The run of request {id} began with {other}: {Way}")]);
        return id;
    }

    private static string Settings(EraseMethod method, long seed, IReadOnlyList<double> doses) =>
        $"--method {method.ToString().ToLowerInvariant()} --seed {seed} {string.Join(' ', doses.Select(dose => $"--dose {dose}"))}";

    /// <summary>Approves with as many approvers as the quorum needs and releases, after the approvals given so far; rejects when a gate failed.</summary>
    private async Task<string> DecideAsync(
        EraseRequest request, Run run, IReadOnlyList<Decision> decisions, List<string> failures, CancellationToken cancellation)
    {
        var decide = portal.Get<DecideRequest>();
        if (failures.Count > 0)
        {
            await decide.ExecuteAsync(
                await portal.ActorAsync(Approvers[0], cancellation),
                request.Id,
                new DecisionEntry(DecisionKind.Reject, run.EvidenceDigest!, DecisionReason.OutOfPolicy, "A gate of the policy did not pass."),
                cancellation);
            return "rejected";
        }

        foreach (var name in Approvers)
        {
            var approver = await portal.ActorAsync(name, cancellation);
            var decided = request.Status == RequestStatus.Approved || decisions.Any(d => d.ApproverId == approver.Id && d.EvidenceDigest == run.EvidenceDigest);
            var status = decided
                ? request.Status
                : (await decide.ExecuteAsync(approver, request.Id, new DecisionEntry(DecisionKind.Approve, run.EvidenceDigest!), cancellation)).Status;
            if (status != RequestStatus.Approved)
                continue;
            await portal.Get<ReleasePatch>().ExecuteAsync(approver, request.Id, ModelAlias.Staging, cancellation);
            return "approved";
        }

        failures.Add("The demo approvers are too few for the quorum of the policy.");
        return "pending";
    }

    private async Task<(EraseRequest Request, Run Run, IReadOnlyList<Decision> Decisions)> FindAsync(Actor viewer, long id, CancellationToken cancellation)
    {
        var details = await portal.Get<RequestQueries>().GetAsync(viewer.Id, id, cancellation) ?? throw new NotFoundException($"There is no request {id}.");
        var run = details.Request.Runs.Find(r => r.Id == details.Request.CurrentRunId) ?? throw new NotFoundException($"Request {id} has no run.");
        return (details.Request, run, details.Decisions);
    }
}
