using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Releases;

namespace SafetyPortal.Requests.Tests.Releases;

public class ReleaseTests : PortalTest
{
    [Fact]
    public async Task Release_ApprovedRequest_PublishesDigestsAndMovesTheAlias()
    {
        var release = await ReleaseAsync('e', ModelAlias.Production);

        release.BaseDigest.ShouldBe(Model.Digest);
        release.EvidenceDigest.ShouldBe(Digest('e'));
        (await LoadAsync(release.RequestId)).Status.ShouldBe(RequestStatus.Released);
        (await ProductionAsync()).ShouldBe(release.Id);
        (await ActionsAsync()).TakeLast(2).ShouldBe(["release.published", "alias.moved"]);
    }

    [Fact]
    public async Task Release_NotApproved_IsRefused() =>
        await Should.ThrowAsync<IllegalMoveException>(PublishAsync(Approver, await AwaitDecisionAsync()));

    [Fact]
    public async Task Release_ByReviewer_IsRefused() => await Should.ThrowAsync<NotAllowedException>(PublishAsync(Reviewer, await ApproveAsync()));

    [Fact]
    public async Task Release_PatchFileDamaged_IsRefusedAndNothingChanges()
    {
        var request = await ApproveAsync();
        var digest = request.CurrentRun!.PatchDigest!;
        await File.WriteAllTextAsync(Path.Combine(Folder.Artifacts, digest[..2], digest[2..]), "damaged");

        await Should.ThrowAsync<ArtifactException>(PublishAsync(Approver, request));

        (await LoadAsync(request.Id)).Status.ShouldBe(RequestStatus.Approved);
    }

    [Fact]
    public async Task Release_SameConceptAgain_SupersedesTheOlder()
    {
        var first = await ReleaseAsync('1', ModelAlias.Production);

        var second = await ReleaseAsync('2', ModelAlias.Production);

        (await LoadAsync(first.RequestId)).Status.ShouldBe(RequestStatus.Superseded);
        (await ProductionAsync()).ShouldBe(second.Id);
    }

    [Fact]
    public async Task Revoke_CurrentTarget_MovesTheAliasBackToTheReleaseBefore()
    {
        var church = await ReleaseAsync('1', ModelAlias.Production);
        var dog = await ReleaseAsync('2', ModelAlias.Production, "dog");

        await RevokeAsync(dog);

        (await ProductionAsync()).ShouldBe(church.Id);
        (await LoadAsync(dog.RequestId)).Status.ShouldBe(RequestStatus.Revoked);
    }

    [Fact]
    public async Task Revoke_AfterSuperseding_FallsBackToTheSupersededEditNotToTheUneditedModel()
    {
        var first = await ReleaseAsync('1', ModelAlias.Production);
        var second = await ReleaseAsync('2', ModelAlias.Production);

        await RevokeAsync(second);

        (await ProductionAsync()).ShouldBe(first.Id);
    }

    [Fact]
    public async Task Revoke_SupersededReleaseAnAliasStillPointsTo_MovesTheAliasBackAndRevokesTheRequest()
    {
        var first = await ReleaseAsync('1', ModelAlias.Production);
        await ReleaseAsync('2', alias: null);

        await RevokeAsync(first);

        (await ProductionAsync()).ShouldBeNull();
        (await LoadAsync(first.RequestId)).Status.ShouldBe(RequestStatus.Revoked);
    }

    [Fact]
    public async Task Revoke_AfterADeliberateMoveToTheUneditedModel_ReturnsToThat()
    {
        await ReleaseAsync('1', ModelAlias.Production);
        await MoveAsync(ModelAlias.Production, null);
        var dog = await ReleaseAsync('2', ModelAlias.Production, "dog");

        await RevokeAsync(dog);

        (await ProductionAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task Revoke_TargetBeforeWasRevokedToo_GoesFurtherBack()
    {
        var church = await ReleaseAsync('1', ModelAlias.Production);
        var dog = await ReleaseAsync('2', ModelAlias.Production, "dog");
        var cat = await ReleaseAsync('3', ModelAlias.Production, "cat");
        await RevokeAsync(dog);

        await RevokeAsync(cat);

        (await ProductionAsync()).ShouldBe(church.Id);
    }

    [Fact]
    public async Task Revoke_OnlyRelease_LeavesTheUneditedModel()
    {
        var release = await ReleaseAsync('1', ModelAlias.Production);

        await RevokeAsync(release);

        (await ProductionAsync()).ShouldBeNull();
        await Should.ThrowAsync<IllegalMoveException>(RevokeAsync(release));
    }

    [Fact]
    public async Task MoveAlias_ToRevokedRelease_IsRefused()
    {
        var release = await ReleaseAsync('1', null);
        await RevokeAsync(release);

        await Should.ThrowAsync<IllegalMoveException>(MoveAsync(ModelAlias.Staging, release.Id));
    }

    [Theory]
    [InlineData("prod", "churches are wanted again")]
    [InlineData(ModelAlias.Staging, "\u200B\u200B\u200B\u200B")]
    public async Task MoveAlias_UnknownNameOrInvisibleReason_IsRefused(string alias, string reason) =>
        await Should.ThrowAsync<InvalidRequestException>(MoveAsync(alias, null, reason));

    private Task<Release> PublishAsync(Actor actor, EraseRequest request) => Get<ReleasePatch>().ExecuteAsync(actor, request.Id, null, default);

    private Task<Release> RevokeAsync(Release release) => Get<RevokeRelease>().ExecuteAsync(Administrator, release.Id, "Cats suffered.", default);

    private Task MoveAsync(string alias, long? releaseId, string reason = "churches are wanted again") =>
        Get<MoveAlias>().ExecuteAsync(Approver, Model.Id, alias, releaseId, reason, default);

    private async Task<long?> ProductionAsync()
    {
        await using var db = await OpenAsync();
        return await db.ModelAliases.Where(a => a.Name == ModelAlias.Production).Select(a => a.ReleaseId).SingleAsync();
    }
}
