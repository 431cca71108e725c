using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Requests.Tests.Filing;

public class FilingTests : PortalTest
{
    private FileRequest File => Get<FileRequest>();

    [Fact]
    public async Task File_ByApprover_IsRefusedNamingTheRoleNeeded() =>
        (await Should.ThrowAsync<NotAllowedException>(File.DraftAsync(Approver, Content(), default))).Message.ShouldContain(Roles.Reviewer);

    [Fact]
    public async Task File_UnknownModel_IsRefused()
    {
        var error = await Should.ThrowAsync<InvalidRequestException>(File.DraftAsync(Reviewer, Content() with { ModelVersionId = 99 }, default));

        error.Problems.ShouldHaveSingleItem().Field.ShouldBe("ModelVersionId");
    }

    [Fact]
    public async Task File_ThenLoad_KeepsEveryField()
    {
        var content = Content() with
        {
            Synonyms = ["chapel", "dom \"x\""],
            Scope = AblationScope.Model,
            Doses = [0.1, 0.025],
            Priority = RequestPriority.High,
            BasePrompts = [""],
        };

        var id = (await File.DraftAsync(Reviewer, content, default)).Id;

        var loaded = await LoadAsync(id);
        loaded.Synonyms.ShouldBe(["chapel", "dom \"x\""]);
        loaded.BasePrompts.ShouldBe([""]);
        loaded.Doses.ShouldBe([0.025, 0.1]);
        loaded.Scope.ShouldBe(AblationScope.Model);
        loaded.Priority.ShouldBe(RequestPriority.High);
        loaded.RequesterId.ShouldBe(Reviewer.Id);
        loaded.Status.ShouldBe(RequestStatus.Draft);
    }

    [Theory]
    [InlineData(ConceptKind.Object, "church", "  CHURCH ")]
    [InlineData(ConceptKind.Nudity, "nudity", "nude mannequin")]
    public async Task Submit_SameConceptAlreadyOpen_IsRefusedNamingTheOpenOne(ConceptKind kind, string name, string again)
    {
        var first = await SubmitAsync(kind, name);
        var second = await File.DraftAsync(Reviewer, Content(kind, again), default);

        (await Should.ThrowAsync<DuplicateRequestException>(File.SubmitAsync(Reviewer, second.Id, default))).OpenRequestId.ShouldBe(first.Id);

        (await Get<FindDuplicate>().ExecuteAsync(Model.Id, kind, again, default)).ShouldBe(first.Id);
        (await Get<FindDuplicate>().ExecuteAsync(Model.Id, ConceptKind.Style, again, default)).ShouldBeNull();
    }

    [Fact]
    public async Task Revise_SentBackRequestToAConceptOpenElsewhere_IsRefusedAndChangesNothing()
    {
        var request = await SentBackAsync();
        var dog = await SubmitAsync(name: "dog");

        var error = await Should.ThrowAsync<DuplicateRequestException>(File.ReviseAsync(Reviewer, request.Id, Content(name: "Dog"), default));

        error.OpenRequestId.ShouldBe(dog.Id);
        (await LoadAsync(request.Id)).ConceptKey.ShouldBe("church");
        await File.ReviseAsync(Reviewer, request.Id, Content(), default);
    }

    [Fact]
    public async Task Start_NewContent_FilesSubmitsAndQueuesInOneStep()
    {
        var request = await File.StartAsync(Reviewer, Content(), requestId: null, default);

        var loaded = await LoadAsync(request.Id);
        (loaded.Status, loaded.CurrentRun!.Status, loaded.CurrentRun.Attempt).ShouldBe((RequestStatus.Queued, RunStatus.Queued, 1));
        (await ActionsAsync()).TakeLast(3).ShouldBe(["request.filed", "request.submitted", "run.queued"]);
    }

    [Fact]
    public async Task Start_ConceptOpenElsewhere_IsRefusedAndLeavesNothing()
    {
        var open = await SubmitAsync();
        var before = await ActionsAsync();

        var error = await Should.ThrowAsync<DuplicateRequestException>(File.StartAsync(Reviewer, Content(), requestId: null, default));

        error.OpenRequestId.ShouldBe(open.Id);
        (await Get<RequestQueries>().ListAsync(Reviewer.Id, new(), new(), default)).Items.ShouldHaveSingleItem();
        (await ActionsAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task Start_SentBackRequest_RevisesItAndQueuesASecondRun()
    {
        var request = await SentBackAsync();

        await File.StartAsync(Reviewer, Content() with { Doses = [0.3] }, request.Id, default);

        var loaded = await LoadAsync(request.Id);
        (loaded.Status, loaded.CurrentRun!.Attempt, loaded.Doses.Single()).ShouldBe((RequestStatus.Queued, 2, 0.3));
        (await ActionsAsync()).TakeLast(2).ShouldBe(["request.revised", "run.queued"]);
    }

    [Fact]
    public async Task StartRun_Draft_SubmitsItFirst()
    {
        var draft = await File.DraftAsync(Reviewer, Content(), default);

        await Get<StartRun>().ExecuteAsync(Reviewer, draft.Id, default);

        (await LoadAsync(draft.Id)).Status.ShouldBe(RequestStatus.Queued);
        (await ActionsAsync()).TakeLast(2).ShouldBe(["request.submitted", "run.queued"]);
    }

    [Fact]
    public async Task StartRun_ConceptOpenElsewhere_IsRefused()
    {
        var first = await SubmitAsync();
        var second = await SubmitAsync(name: "dog");
        await ExecuteSqlAsync($"UPDATE EraseRequests SET ConceptKey = 'church' WHERE Id = {second.Id}");

        (await Should.ThrowAsync<DuplicateRequestException>(Get<StartRun>().ExecuteAsync(Reviewer, second.Id, default))).OpenRequestId.ShouldBe(first.Id);
    }

    [Fact]
    public async Task Submit_AnothersDraft_IsRefused()
    {
        var draft = await File.DraftAsync(Reviewer, Content(), default);
        await ExecuteSqlAsync($"INSERT INTO AspNetUserRoles SELECT '{Auditor.Id}', Id FROM AspNetRoles WHERE Name = '{Roles.Reviewer}'");

        await Should.ThrowAsync<NotAllowedException>(File.SubmitAsync(Auditor, draft.Id, default));
        (await Get<RequestQueries>().GetAsync(Auditor.Id, draft.Id, default)).ShouldBeNull();
        (await Get<RequestQueries>().GetAsync(Reviewer.Id, draft.Id, default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Revise_Draft_ChangesItAndIsInTheHistory()
    {
        var draft = await File.DraftAsync(Reviewer, Content(), default);

        await File.ReviseAsync(Reviewer, draft.Id, Content(name: "dog"), default);

        (await LoadAsync(draft.Id)).ConceptKey.ShouldBe("dog");
        (await ActionsAsync())[^1].ShouldBe("request.revised");
    }

    [Theory]
    [InlineData(false, new long[] { 7, 6, 5, 4, 3, 2, 1 })]
    [InlineData(true, new long[] { 1, 2, 3, 4, 5, 6, 7 })]
    public async Task List_PageByPage_GivesEachRequestOnceInOrder(bool oldestFirst, long[] order)
    {
        for (var n = 0; n < 7; n++)
            await SubmitAsync(name: $"thing {n}");
        var queries = Get<RequestQueries>();
        var filter = new RequestFilter(OldestFirst: oldestFirst);

        var first = await queries.ListAsync(Auditor.Id, filter, new PageRequest(3), default);
        var second = await queries.ListAsync(Auditor.Id, filter, new PageRequest(3, first.Next), default);
        var third = await queries.ListAsync(Auditor.Id, filter, new PageRequest(3, second.Next), default);

        first.Items.Concat(second.Items).Concat(third.Items).Select(r => r.Id).ShouldBe(order);
        third.Next.ShouldBeNull();
        first.Items[0].ModelVersion!.Name.ShouldBe("demo");
    }

    [Fact]
    public async Task List_Filters_Combine()
    {
        await SubmitAsync();
        await SubmitAsync(ConceptKind.Style, "sketch");
        await AwaitDecisionAsync(name: "dog");
        async Task<string[]> NamesAsync(RequestFilter filter) =>
            [.. (await Get<RequestQueries>().ListAsync(Auditor.Id, filter, new(), default)).Items.Select(r => r.ConceptName)];

        (await NamesAsync(new(Kind: ConceptKind.Style))).ShouldBe(["sketch"]);
        (await NamesAsync(new(Statuses: [RequestStatus.AwaitingDecision]))).ShouldBe(["dog"]);
        (await NamesAsync(new(ConceptContains: "URC"))).ShouldBe(["church"]);
        (await NamesAsync(new(RequesterId: Approver.Id))).ShouldBeEmpty();
    }

    [Fact]
    public void PageRequest_LimitOutOfRange_IsBroughtIntoIt()
    {
        new PageRequest(0).Size.ShouldBe(1);
        new PageRequest(1000).Size.ShouldBe(200);
    }

    private async Task<EraseRequest> SentBackAsync()
    {
        var request = await AwaitDecisionAsync();
        await DecideAsync(Approver, request.Id, DecisionKind.RequestChanges, DecisionReason.QualityTooLow);
        return request;
    }
}
