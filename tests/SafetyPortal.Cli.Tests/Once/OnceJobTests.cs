using Microsoft.EntityFrameworkCore;
using SafetyPortal.Cli.Commands;
using SafetyPortal.Cli.Once;
using SafetyPortal.Cli.Output;
using SafetyPortal.Erasure.Faithfulness;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.Models;
using SafetyPortal.Tests;
using SafetyPortal.Trials.Edits;
using SafetyPortal.Trials.Plans;
using SafetyPortal.Worker;

namespace SafetyPortal.Cli.Tests.Once;

/// <summary>The job taken up where an earlier process left it, at the moments a signal cannot be aimed at.</summary>
public sealed class OnceJobTests : IDisposable
{
    private static readonly OnceWish Wish = new(ConceptArgument.Parse("object:church"), EraseMethod.Cad, Seed: 1, Doses: [0.02]);
    private static readonly Progress<WorkStep> Unseen = new();

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("once-job");

    public OnceJobTests() => TinyModelFolder.Create(Models);

    private DirectoryInfo Data => new(Path.Combine(folder.FullName, "data"));

    private string Models => Path.Combine(folder.FullName, "models");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Run_RequestThatWaitsForItsDecision_IsDecidedAndNotFiledAgain()
    {
        long filed;
        string? digest;
        await using (var portal = await OpenAsync())
        {
            filed = await FileAsync(portal, await ModelAsync(portal));
            var run = (await RequestAsync(portal, filed)).CurrentRunId!.Value;
            await portal.CarryOutAsync(run, Unseen, default);
            var waiting = await RequestAsync(portal, filed);
            waiting.Status.ShouldBe(RequestStatus.AwaitingDecision);
            digest = waiting.Runs.Find(r => r.Id == run)!.EvidenceDigest;
        }

        await using (var other = await OpenAsync(imageSteps: 3))
        {
            var refused = await Should.ThrowAsync<InvalidRequestException>(async () => await RunAsync(other, await ModelAsync(other)));
            refused.Message.ShouldContain($"The run of request {filed} began with imageSteps 2: go on with the former");
        }

        await using var again = await OpenAsync();
        var outcome = await RunAsync(again, await ModelAsync(again));

        outcome.Request.Id.ShouldBe(filed);
        outcome.Run.EvidenceDigest.ShouldBe(digest);
        outcome.Decision.ShouldBe("rejected");
        outcome.AuditVerified.ShouldBeTrue();
        (await RequestAsync(again, filed)).Status.ShouldBe(RequestStatus.Rejected);
        (await CountAsync(again)).ShouldBe(1);
    }

    [Fact]
    public async Task Run_RunThatFailed_IsTriedAgain()
    {
        long filed;
        await using (var portal = await OpenAsync())
        {
            var model = await ModelAsync(portal);
            filed = await FileAsync(portal, model);
            var weights = Path.Combine(Models, TinyModelFolder.Name, "unet", "diffusion_pytorch_model.safetensors");
            File.Move(weights, weights + ".away");
            var failed = await RunAsync(portal, model);
            File.Move(weights + ".away", weights);
            failed.Failures.ShouldContain(text => text.Contains("failed", StringComparison.Ordinal));
            (await RequestAsync(portal, filed)).Status.ShouldBe(RequestStatus.Failed);
        }

        await using var again = await OpenAsync();
        var outcome = await RunAsync(again, await ModelAsync(again));

        outcome.Request.Id.ShouldBe(filed);
        outcome.Run.Attempt.ShouldBe(2);
        outcome.Evidence.ShouldNotBeNull();
        (await CountAsync(again)).ShouldBe(1);
    }

    [Fact]
    public async Task Run_SubmittedRequestWithoutARun_IsCarriedOut()
    {
        await using var portal = await OpenAsync();
        var model = await ModelAsync(portal);
        var submitted = await SubmitAsync(portal, model, OnceJob.Justification);

        var outcome = await RunAsync(portal, model);

        outcome.Request.Id.ShouldBe(submitted);
        outcome.Evidence.ShouldNotBeNull();
    }

    [Fact]
    public async Task Run_OpenRequestOfAPerson_IsLeftToThem()
    {
        await using var portal = await OpenAsync();
        var model = await ModelAsync(portal);
        var theirs = await SubmitAsync(portal, model, "A rights holder asked for it.");

        var refused = await Should.ThrowAsync<DuplicateRequestException>(() => RunAsync(portal, model));

        refused.OpenRequestId.ShouldBe(theirs);
        refused.Message.ShouldContain("another data folder");
        (await RequestAsync(portal, theirs)).Status.ShouldBe(RequestStatus.Submitted);
        (await CountAsync(portal)).ShouldBe(1);
    }

    [Fact]
    public async Task Run_OpenRequestWithOtherSettings_IsRefusedNamingBoth()
    {
        await using var portal = await OpenAsync();
        var model = await ModelAsync(portal);
        var filed = await FileAsync(portal, model);

        var refused = await Should.ThrowAsync<InvalidRequestException>(() => RunAsync(portal, model, Wish with { Method = EraseMethod.App }));

        refused.Message.ShouldContain($"Request {filed} is open with --method cad --seed 1 --dose 0.02, not with --method app --seed 1 --dose 0.02");
    }

    [Fact]
    public async Task OpenDemo_FolderWithAPersonsAccount_IsRefusedAndGetsNoDemoAccounts()
    {
        await using (var portal = await PortalServices.OpenAsync(Data, new WorkerOptions { ModelRoot = Models }, default))
        {
            await using var db = await DbAsync(portal);
            db.Users.Add(new PortalUser { UserName = "ada@example.org", NormalizedUserName = "ADA@EXAMPLE.ORG", DisplayName = "Ada" });
            await db.SaveChangesAsync();
        }

        (await Should.ThrowAsync<InvalidDataException>(() => OpenAsync())).Message.ShouldContain("ada@example.org");

        await using var after = await PortalServices.OpenAsync(Data, new WorkerOptions { ModelRoot = Models }, default);
        await using var accounts = await DbAsync(after);
        (await accounts.Users.CountAsync()).ShouldBe(1);
    }

    private static async Task<long> SubmitAsync(PortalServices portal, ModelVersion model, string justification)
    {
        var reviewer = await portal.ActorAsync("reviewer", default);
        var content = new RequestContent
        {
            ModelVersionId = model.Id,
            ConceptKind = Wish.Concept.Kind,
            ConceptName = Wish.Concept.Name,
            ConceptPrompts = ["a church"],
            Justification = justification,
            Method = Wish.Method,
            Seed = Wish.Seed,
            Doses = Wish.Doses,
        };
        var request = await portal.Get<FileRequest>().DraftAsync(reviewer, content, default);
        await portal.Get<FileRequest>().SubmitAsync(reviewer, request.Id, default);
        return request.Id;
    }

    private static Task<ModelVersion> ModelAsync(PortalServices portal) => portal.Get<ModelRegistration>().RegisterAsync(TinyModelFolder.Name, default);

    private static Task<OnceOutcome> RunAsync(PortalServices portal, ModelVersion model, OnceWish? wish = null) =>
        new OnceJob(portal, Unseen).RunAsync(model, wish ?? Wish, default);

    private static async Task<long> FileAsync(PortalServices portal, ModelVersion model) =>
        await new OnceJob(portal, Unseen).OpenRequestAsync(await portal.ActorAsync("reviewer", default), model, Wish, default);

    private static async Task<EraseRequest> RequestAsync(PortalServices portal, long id)
    {
        var details = await portal.Get<RequestQueries>().GetAsync((await portal.ActorAsync("reviewer", default)).Id, id, default);
        return details.ShouldNotBeNull().Request;
    }

    private static Task<PortalDb> DbAsync(PortalServices portal) => portal.Get<IDbContextFactory<PortalDb>>().CreateDbContextAsync();

    private static async Task<int> CountAsync(PortalServices portal)
    {
        await using var db = await DbAsync(portal);
        return await db.EraseRequests.CountAsync();
    }

    private Task<PortalServices> OpenAsync(int imageSteps = 2) => PortalServices.OpenDemoAsync(
        Data,
        new WorkerOptions
        {
            ModelRoot = Models,
            Threads = 1,
            AttributionSteps = 3,
            AttributionSeeds = 2,
            ImageSteps = imageSteps,
            Images = new EvaluationSize(2, 2),
            Effort = EditEffort.OfLevel(1),
            Faithfulness = new FaithfulnessSettings { Ablations = 0 },
        },
        default);
}
