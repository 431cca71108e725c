using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Requests.Tests.Filing;

public class FilingTests
{
    [Fact]
    public async Task File_ByApprover_IsRefusedNamingTheRoleNeeded()
    {
        await using var portal = await Portal.CreateAsync();

        (await Should.ThrowAsync<NotAllowedException>(() => portal.Get<FileRequest>().DraftAsync(portal.Approver, portal.Content(), default)))
            .Message.ShouldContain(Roles.Reviewer);
    }

    [Fact]
    public async Task File_UnknownModel_IsRefused()
    {
        await using var portal = await Portal.CreateAsync();

        var error = await Should.ThrowAsync<InvalidRequestException>(
            () => portal.Get<FileRequest>().DraftAsync(portal.Reviewer, portal.Content() with { ModelVersionId = 99 }, default));

        error.Problems.ShouldHaveSingleItem().Field.ShouldBe("ModelVersionId");
    }

    [Fact]
    public async Task File_ThenLoad_KeepsEveryField()
    {
        await using var portal = await Portal.CreateAsync();
        var content = portal.Content() with { Synonyms = ["chapel", "dom \"x\""], Scope = AblationScope.Model, Doses = [0.1, 0.025], Priority = RequestPriority.High, BasePrompts = [""] };

        var id = (await portal.Get<FileRequest>().DraftAsync(portal.Reviewer, content, default)).Id;

        var loaded = await portal.LoadAsync(id);
        loaded.Synonyms.ShouldBe(["chapel", "dom \"x\""]);
        loaded.BasePrompts.ShouldBe([""]);
        loaded.Doses.ShouldBe([0.025, 0.1]);
        loaded.Scope.ShouldBe(AblationScope.Model);
        loaded.Priority.ShouldBe(RequestPriority.High);
        loaded.RequesterId.ShouldBe(portal.Reviewer.Id);
        loaded.Status.ShouldBe(RequestStatus.Draft);
    }

    [Fact]
    public async Task Submit_SameConceptAlreadyOpen_IsRefusedNamingTheOpenOne()
    {
        await using var portal = await Portal.CreateAsync();
        var first = await portal.SubmitAsync();
        var second = await portal.Get<FileRequest>().DraftAsync(portal.Reviewer, portal.Content(name: "  CHURCH "), default);

        var error = await Should.ThrowAsync<DuplicateRequestException>(() => portal.Get<FileRequest>().SubmitAsync(portal.Reviewer, second.Id, default));

        error.OpenRequestId.ShouldBe(first.Id);
        (await portal.Get<FindDuplicate>().ExecuteAsync(portal.Model.Id, ConceptKind.Object, "Church", default)).ShouldBe(first.Id);
        (await portal.Get<FindDuplicate>().ExecuteAsync(portal.Model.Id, ConceptKind.Style, "Church", default)).ShouldBeNull();
    }

    [Fact]
    public async Task Submit_NudityUnderAnotherName_IsADuplicate()
    {
        await using var portal = await Portal.CreateAsync();
        var first = await portal.SubmitAsync(ConceptKind.Nudity, "nudity");
        var second = await portal.Get<FileRequest>().DraftAsync(portal.Reviewer, portal.Content(ConceptKind.Nudity, "nude mannequin"), default);

        var error = await Should.ThrowAsync<DuplicateRequestException>(() => portal.Get<FileRequest>().SubmitAsync(portal.Reviewer, second.Id, default));

        error.OpenRequestId.ShouldBe(first.Id);
    }

    [Fact]
    public async Task Revise_SentBackRequestToAConceptOpenElsewhere_IsRefusedAndChangesNothing()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();
        var dog = await portal.SubmitAsync(name: "dog");
        await portal.Get<DecideRequest>().ExecuteAsync(portal.Approver, request.Id, new(DecisionKind.RequestChanges, Portal.Digest('e'), DecisionReason.OutOfPolicy), default);

        var error = await Should.ThrowAsync<DuplicateRequestException>(() => portal.Get<FileRequest>().ReviseAsync(portal.Reviewer, request.Id, portal.Content(name: "Dog"), default));

        error.OpenRequestId.ShouldBe(dog.Id);
        (await portal.LoadAsync(request.Id)).ConceptKey.ShouldBe("church");
        await portal.Get<FileRequest>().ReviseAsync(portal.Reviewer, request.Id, portal.Content(), default);
    }

    [Fact]
    public async Task Start_NewContent_FilesSubmitsAndQueuesInOneStep()
    {
        await using var portal = await Portal.CreateAsync();

        var request = await portal.Get<FileRequest>().StartAsync(portal.Reviewer, portal.Content(), requestId: null, default);

        var loaded = await portal.LoadAsync(request.Id);
        (loaded.Status, loaded.CurrentRun!.Status, loaded.CurrentRun.Attempt).ShouldBe((RequestStatus.Queued, RunStatus.Queued, 1));
        (await portal.ActionsAsync()).TakeLast(3).ShouldBe(["request.filed", "request.submitted", "run.queued"]);
    }

    [Fact]
    public async Task Start_ConceptOpenElsewhere_IsRefusedAndLeavesNothing()
    {
        await using var portal = await Portal.CreateAsync();
        var open = await portal.SubmitAsync();
        var before = (await portal.ActionsAsync()).Count;

        var error = await Should.ThrowAsync<DuplicateRequestException>(portal.Get<FileRequest>().StartAsync(portal.Reviewer, portal.Content(), requestId: null, default));

        error.OpenRequestId.ShouldBe(open.Id);
        (await portal.Get<RequestQueries>().ListAsync(portal.Reviewer.Id, new(), new(), default)).Items.ShouldHaveSingleItem();
        (await portal.ActionsAsync()).Count.ShouldBe(before);
    }

    [Fact]
    public async Task Start_SentBackRequest_RevisesItAndQueuesASecondRun()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();
        await portal.Get<DecideRequest>().ExecuteAsync(portal.Approver, request.Id, new(DecisionKind.RequestChanges, Portal.Digest('e'), DecisionReason.QualityTooLow), default);

        await portal.Get<FileRequest>().StartAsync(portal.Reviewer, portal.Content() with { Doses = [0.3] }, request.Id, default);

        var loaded = await portal.LoadAsync(request.Id);
        (loaded.Status, loaded.CurrentRun!.Attempt, loaded.Doses.Single()).ShouldBe((RequestStatus.Queued, 2, 0.3));
        (await portal.ActionsAsync()).TakeLast(2).ShouldBe(["request.revised", "run.queued"]);
    }

    [Fact]
    public async Task StartRun_Draft_SubmitsItFirst()
    {
        await using var portal = await Portal.CreateAsync();
        var draft = await portal.Get<FileRequest>().DraftAsync(portal.Reviewer, portal.Content(), default);

        await portal.Get<StartRun>().ExecuteAsync(portal.Reviewer, draft.Id, default);

        (await portal.LoadAsync(draft.Id)).Status.ShouldBe(RequestStatus.Queued);
        (await portal.ActionsAsync()).TakeLast(2).ShouldBe(["request.submitted", "run.queued"]);
    }

    [Fact]
    public async Task StartRun_ConceptOpenElsewhere_IsRefused()
    {
        await using var portal = await Portal.CreateAsync();
        var first = await portal.SubmitAsync();
        var second = await portal.SubmitAsync(name: "dog");
        await portal.ExecuteSqlAsync($"UPDATE EraseRequests SET ConceptKey = 'church' WHERE Id = {second.Id}");

        (await Should.ThrowAsync<DuplicateRequestException>(() => portal.Get<StartRun>().ExecuteAsync(portal.Reviewer, second.Id, default))).OpenRequestId.ShouldBe(first.Id);
    }

    [Fact]
    public async Task Submit_AnothersDraft_IsRefused()
    {
        await using var portal = await Portal.CreateAsync();
        var draft = await portal.Get<FileRequest>().DraftAsync(portal.Reviewer, portal.Content(), default);
        await portal.ExecuteSqlAsync($"UPDATE AspNetUserRoles SET RoleId = (SELECT Id FROM AspNetRoles WHERE Name = 'Reviewer') WHERE UserId = '{portal.Auditor.Id}'");

        await Should.ThrowAsync<NotAllowedException>(() => portal.Get<FileRequest>().SubmitAsync(portal.Auditor, draft.Id, default));
        (await portal.Get<RequestQueries>().GetAsync(portal.Auditor.Id, draft.Id, default)).ShouldBeNull();
        (await portal.Get<RequestQueries>().GetAsync(portal.Reviewer.Id, draft.Id, default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Revise_Draft_ChangesItAndIsInTheHistory()
    {
        await using var portal = await Portal.CreateAsync();
        var draft = await portal.Get<FileRequest>().DraftAsync(portal.Reviewer, portal.Content(), default);

        await portal.Get<FileRequest>().ReviseAsync(portal.Reviewer, draft.Id, portal.Content(name: "dog"), default);

        (await portal.LoadAsync(draft.Id)).ConceptKey.ShouldBe("dog");
        (await portal.ActionsAsync())[^1].ShouldBe("request.revised");
    }

    [Theory]
    [InlineData(false, new long[] { 7, 6, 5, 4, 3, 2, 1 })]
    [InlineData(true, new long[] { 1, 2, 3, 4, 5, 6, 7 })]
    public async Task List_PageByPage_GivesEachRequestOnceInOrder(bool oldestFirst, long[] order)
    {
        await using var portal = await Portal.CreateAsync();
        for (var n = 0; n < 7; n++)
            await portal.SubmitAsync(name: $"thing {n}");
        var queries = portal.Get<RequestQueries>();
        var filter = new RequestFilter(OldestFirst: oldestFirst);

        var first = await queries.ListAsync(portal.Auditor.Id, filter, new PageRequest(3), default);
        var second = await queries.ListAsync(portal.Auditor.Id, filter, new PageRequest(3, first.Next), default);
        var third = await queries.ListAsync(portal.Auditor.Id, filter, new PageRequest(3, second.Next), default);

        first.Items.Concat(second.Items).Concat(third.Items).Select(r => r.Id).ShouldBe(order);
        third.Next.ShouldBeNull();
        first.Items[0].ModelVersion!.Name.ShouldBe("demo");
    }

    [Fact]
    public async Task List_Filters_Combine()
    {
        await using var portal = await Portal.CreateAsync();
        await portal.SubmitAsync();
        await portal.SubmitAsync(ConceptKind.Style, "sketch");
        await portal.AwaitDecisionAsync(name: "dog");
        var queries = portal.Get<RequestQueries>();
        async Task<string[]> NamesAsync(RequestFilter filter) => [.. (await queries.ListAsync(portal.Auditor.Id, filter, new(), default)).Items.Select(r => r.ConceptName)];

        (await NamesAsync(new(Kind: ConceptKind.Style))).ShouldBe(["sketch"]);
        (await NamesAsync(new(Statuses: [RequestStatus.AwaitingDecision]))).ShouldBe(["dog"]);
        (await NamesAsync(new(ConceptContains: "URC"))).ShouldBe(["church"]);
        (await NamesAsync(new(RequesterId: portal.Approver.Id))).ShouldBeEmpty();
    }

    [Fact]
    public void PageRequest_LimitOutOfRange_IsBroughtIntoIt()
    {
        new PageRequest(0).Size.ShouldBe(1);
        new PageRequest(1000).Size.ShouldBe(200);
    }
}
