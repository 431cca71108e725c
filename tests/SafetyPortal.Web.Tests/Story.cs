using SafetyPortal.Images;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Blind;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.Models;
using SafetyPortal.Requests.Policies;
using SafetyPortal.Requests.RedTeam;
using SafetyPortal.Requests.Releases;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Web.Tests;

/// <summary>
/// Requests in the states that pages show. The real use cases bring them there, and the test acts as the worker through its lease. The images are drawn
/// here and the numbers made up, so that pages work without a model.
/// </summary>
public sealed class Story(Portal portal)
{
    private static readonly double[] Doses = [0.01, 0.02, 0.03, 0.05, 0.08];

    /// <summary>Finished, waiting for an approver.</summary>
    public EraseRequest Waiting { get; private set; } = default!;

    /// <summary>A worker carries out its run.</summary>
    public EraseRequest Running { get; private set; } = default!;

    public EraseRequest Released { get; private set; } = default!;

    /// <summary>A finished order of probes for <see cref="Waiting"/>.</summary>
    public ProbeOrder Order { get; private set; } = default!;

    /// <summary>The first approver's open blind judgement of <see cref="Waiting"/>.</summary>
    public BlindJudgement Blind { get; private set; } = default!;

    public static async Task<Story> TellAsync(Portal portal)
    {
        ArgumentNullException.ThrowIfNull(portal);
        var story = new Story(portal);
        var model = await portal.RegisterModelAsync();
        story.Released = await story.FinishedAsync(model, ConceptKind.Object, "trumpet");
        await story.ApproveAsync(story.Released);
        await portal.Get<ReleasePatch>().ExecuteAsync(await portal.ActorAsync(Roles.Approver), story.Released.Id, ModelAlias.Staging, default);
        story.Waiting = await story.FinishedAsync(model, ConceptKind.Object, "church", StoryFindings.AddAsync);
        story.Order = await StoryRedTeam.OrderAsync(portal, story.Waiting);
        story.Blind = await StoryBlind.JudgeAsync(portal, story.Waiting);
        story.Running = await story.QueuedAsync(model, ConceptKind.Style, "sketch");
        await story.WorkAsync(story.Running);
        return story;
    }

    /// <summary>Filed by the reviewer, submitted, its run in the queue.</summary>
    public async Task<EraseRequest> QueuedAsync(ModelVersion model, ConceptKind kind, string name)
    {
        ArgumentNullException.ThrowIfNull(model);
        var reviewer = await portal.ActorAsync(Roles.Reviewer);
        return await portal.Get<FileRequest>().StartAsync(
            reviewer,
            new RequestContent
            {
                ModelVersionId = model.Id,
                ConceptKind = kind,
                ConceptName = name,
                ConceptPrompts = ConceptPrompts.DefaultFor(kind, name, model.Objects, model.Styles),
                Doses = Doses,
                Justification = $"The rights to {name} were withdrawn; it must not be drawn any more.",
            },
            requestId: null,
            default);
    }

    /// <param name="findings">Adds what a run may measure beyond images and gates; null leaves it out.</param>
    public async Task<EraseRequest> FinishedAsync(
        ModelVersion model, ConceptKind kind, string name, Func<EvidenceDocument, Func<byte[], Task<string>>, Task<EvidenceDocument>>? findings = null)
    {
        var request = await QueuedAsync(model, kind, name);
        var lease = portal.Get<RunLease>();
        var ticket = await ClaimAsync(request);
        var evidence = await EvidenceAsync(request, model);
        if (findings is not null)
            evidence = await findings(evidence, PutAsync);
        foreach (var stage in Enum.GetValues<RunStage>())
        {
            var output = await StoryBlind.OutputAsync(stage, evidence, PutAsync) ?? BitConverter.GetBytes((int)stage + (request.Id * 100));
            await lease.FinishStageAsync(ticket, stage, await PutAsync(output), 1.5 * (int)stage, default);
        }
        var verdict = await portal.Get<VerdictSigner>().SignAsync(evidence, default);
        await lease.CompleteAsync(
            ticket,
            new RunOutcome(
                evidence.Digest(), await PutAsync(evidence.ToBytes()), evidence.PatchDigest, evidence.ResultDigest, evidence.ChosenDose,
                GatesPassed: true, verdict),
            default);
        return request;
    }

    public async Task ApproveAsync(EraseRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var run = (await portal.DetailsAsync(request)).Request.CurrentRun!;
        await portal.Get<DecideRequest>().ExecuteAsync(
            await portal.ActorAsync(Roles.Approver), request.Id, new DecisionEntry(DecisionKind.Approve, run.EvidenceDigest!), default);
    }

    private async Task WorkAsync(EraseRequest request)
    {
        var lease = portal.Get<RunLease>();
        var ticket = await ClaimAsync(request);
        await lease.FinishStageAsync(ticket, RunStage.Load, await PutAsync([1, 2, 3]), 2.1, default);
        await lease.FinishStageAsync(ticket, RunStage.Baseline, await PutAsync([4, 5, 6]), 31, default);
        await lease.ReportAsync(ticket, RunStage.Attribute, 37, 200, "seed 1 of 4", await PutAsync(Picture(40, 3)), default);
    }

    private async Task<LeaseTicket> ClaimAsync(EraseRequest request) =>
        (await portal.Get<RunLease>().ClaimAsync((await portal.DetailsAsync(request)).Request.CurrentRunId!.Value, "test", default))!;

    private async Task<EvidenceDocument> EvidenceAsync(EraseRequest request, ModelVersion model)
    {
        var entries = new List<GalleryEntry>();
        foreach (var (group, name, count) in new[] { ("target", request.ConceptName, 6), ("neighbour", "house", 4), ("unrelated", "fish", 6) })
        {
            for (var seed = 0; seed < count; seed++)
            {
                var target = group == "target";
                entries.Add(new GalleryEntry(
                    group, $"a picture of a {name} on a blue background", seed, await PutAsync(Picture(seed + (name.Length * 31), 1)),
                    await PutAsync(Picture(seed + (name.Length * 31) + (target ? 90 : 7), 2)), Sensitive: false, name, target ? "house" : name));
            }
        }
        var curve = Doses.Select((dose, i) => new DosePoint(dose, (long)(dose * 933_888), Metrics(0.75 - (0.25 * i), 1 - (0.04 * i)), i >= 2)).ToList();
        return new EvidenceDocument
        {
            Request = EvidenceRequest.From(request, model.Name),
            BaseDigest = model.Digest,
            PatchDigest = await PutAsync([7, 7, 7, (byte)request.Id]),
            ResultDigest = new string('b', 64),
            ChosenDose = 0.03,
            AblatedWeights = 28_016,
            Metrics = curve[2].Metrics,
            DoseCurve = curve,
            Policy = (await portal.Get<CurrentPolicy>().GetAsync(default)).Name,
            Gates = GateRule.Judge(PolicyDocument.Default, curve[2].Metrics),
            Gallery = EvidenceGallery.From(entries),
            Environment = new EvidenceEnvironment("1.0", "1.13.1", "cpu", 2, "float32"),
        };
    }

    private static MetricsSummary Metrics(double after, double kept) => new(
        new TargetMetrics(new DetectionChange(0.96, Math.Max(0, after - 0.2), 24, new(0.8, 0.99), new(Math.Max(0, after - 0.35), after + 0.05))),
        new RetentionMetrics(
            kept, kept - 0.2, 60, new(kept - 0.06, Math.Min(1, kept + 0.04)),
            [new("object", "house", 1, kept - 0.2, 12), new("object", "fish", 1, 1, 12), new("object", "dog", 0.92, 0.92, 12)]),
        new ControlMetrics(new ControlDetection(0.96, 24), 0.99),
        new ClipScoreChange(27.9, 27.1, 60, new(27.2, 28.5), new(26.5, 27.7)),
        new FidMetrics(14.3, 84, "clip"),
        new ControlMetrics(new ControlDetection(0.83, 24), 0.9));

    private Task<string> PutAsync(byte[] bytes) => portal.Get<IArtifactStore>().PutAsync(bytes, default);

    // Differs by seed, and has a fine structure that a veil has to destroy.
    internal static byte[] Picture(int seed, int kind)
    {
        const int Side = 64;
        var pixels = new byte[Side * Side * 3];
        for (var i = 0; i < Side * Side; i++)
        {
            var (x, y) = (i % Side, i / Side);
            var inside = ((x - 32) * (x - 32)) + ((y - 32) * (y - 32)) < 300 + (seed % 7 * 40);
            pixels[3 * i] = (byte)(inside ? 230 - (seed * 13 % 120) : 90 + (kind * 20));
            pixels[(3 * i) + 1] = (byte)(inside ? (x * 4) ^ (y * 4) : 120 + (seed * 7 % 100));
            pixels[(3 * i) + 2] = (byte)(inside ? kind * 80 : 180);
        }
        return ImageCodec.EncodePng(new Raster(Side, Side, 3, pixels));
    }
}
