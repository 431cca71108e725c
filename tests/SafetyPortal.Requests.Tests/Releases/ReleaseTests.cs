using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Releases;

namespace SafetyPortal.Requests.Tests.Releases;

public class ReleaseTests
{
    [Fact]
    public async Task Release_ApprovedRequest_PublishesDigestsAndMovesTheAlias()
    {
        await using var portal = await Portal.CreateAsync();

        var release = await portal.ReleaseAsync('e', ModelAlias.Production);

        release.BaseDigest.ShouldBe(portal.Model.Digest);
        release.EvidenceDigest.ShouldBe(Portal.Digest('e'));
        (await portal.LoadAsync(release.RequestId)).Status.ShouldBe(RequestStatus.Released);
        (await AliasAsync(portal)).ShouldBe(release.Id);
        (await portal.ActionsAsync()).TakeLast(2).ShouldBe(["release.published", "alias.moved"]);
    }

    [Fact]
    public async Task Release_NotApproved_IsRefused()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();

        await Should.ThrowAsync<IllegalMoveException>(() => portal.Get<ReleasePatch>().ExecuteAsync(portal.Approver, request.Id, null, default));
    }

    [Fact]
    public async Task Release_ByReviewer_IsRefused()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.ApproveAsync();

        await Should.ThrowAsync<NotAllowedException>(() => portal.Get<ReleasePatch>().ExecuteAsync(portal.Reviewer, request.Id, null, default));
    }

    [Fact]
    public async Task Release_PatchFileDamaged_IsRefusedAndNothingChanges()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.ApproveAsync();
        var digest = request.CurrentRun!.PatchDigest!;
        await File.WriteAllTextAsync(Path.Combine(portal.Folder.Artifacts, digest[..2], digest[2..]), "damaged");

        await Should.ThrowAsync<ArtifactException>(() => portal.Get<ReleasePatch>().ExecuteAsync(portal.Approver, request.Id, null, default));

        (await portal.LoadAsync(request.Id)).Status.ShouldBe(RequestStatus.Approved);
    }

    [Fact]
    public async Task Release_SameConceptAgain_SupersedesTheOlder()
    {
        await using var portal = await Portal.CreateAsync();
        var first = await portal.ReleaseAsync('1', ModelAlias.Production);

        var second = await portal.ReleaseAsync('2', ModelAlias.Production);

        (await portal.LoadAsync(first.RequestId)).Status.ShouldBe(RequestStatus.Superseded);
        (await AliasAsync(portal)).ShouldBe(second.Id);
    }

    [Fact]
    public async Task Revoke_CurrentTarget_MovesTheAliasBackToTheReleaseBefore()
    {
        await using var portal = await Portal.CreateAsync();
        var church = await portal.ReleaseAsync('1', ModelAlias.Production);
        var dog = await portal.ReleaseAsync('2', ModelAlias.Production, "dog");

        await portal.Get<RevokeRelease>().ExecuteAsync(portal.Administrator, dog.Id, "Cats suffered.", default);

        (await AliasAsync(portal)).ShouldBe(church.Id);
        (await portal.LoadAsync(dog.RequestId)).Status.ShouldBe(RequestStatus.Revoked);
    }

    [Fact]
    public async Task Revoke_AfterSuperseding_FallsBackToTheSupersededEditNotToTheUneditedModel()
    {
        await using var portal = await Portal.CreateAsync();
        var first = await portal.ReleaseAsync('1', ModelAlias.Production);
        var second = await portal.ReleaseAsync('2', ModelAlias.Production);

        await portal.Get<RevokeRelease>().ExecuteAsync(portal.Approver, second.Id, "Worse than before.", default);

        (await AliasAsync(portal)).ShouldBe(first.Id);
    }

    [Fact]
    public async Task Revoke_SupersededReleaseAnAliasStillPointsTo_MovesTheAliasBackAndRevokesTheRequest()
    {
        await using var portal = await Portal.CreateAsync();
        var first = await portal.ReleaseAsync('1', ModelAlias.Production);
        await portal.ReleaseAsync('2', alias: null);

        await portal.Get<RevokeRelease>().ExecuteAsync(portal.Administrator, first.Id, "Dogs suffered.", default);

        (await AliasAsync(portal)).ShouldBeNull();
        (await portal.LoadAsync(first.RequestId)).Status.ShouldBe(RequestStatus.Revoked);
    }

    [Fact]
    public async Task Revoke_AfterADeliberateMoveToTheUneditedModel_ReturnsToThat()
    {
        await using var portal = await Portal.CreateAsync();
        await portal.ReleaseAsync('1', ModelAlias.Production);
        await portal.Get<MoveAlias>().ExecuteAsync(portal.Approver, portal.Model.Id, ModelAlias.Production, null, "churches are wanted again", default);
        var dog = await portal.ReleaseAsync('2', ModelAlias.Production, "dog");

        await portal.Get<RevokeRelease>().ExecuteAsync(portal.Administrator, dog.Id, "Cats suffered.", default);

        (await AliasAsync(portal)).ShouldBeNull();
    }

    [Fact]
    public async Task Revoke_TargetBeforeWasRevokedToo_GoesFurtherBack()
    {
        await using var portal = await Portal.CreateAsync();
        var church = await portal.ReleaseAsync('1', ModelAlias.Production);
        var dog = await portal.ReleaseAsync('2', ModelAlias.Production, "dog");
        var cat = await portal.ReleaseAsync('3', ModelAlias.Production, "cat");
        await portal.Get<RevokeRelease>().ExecuteAsync(portal.Administrator, dog.Id, "Cats suffered.", default);

        await portal.Get<RevokeRelease>().ExecuteAsync(portal.Administrator, cat.Id, "Dogs suffered.", default);

        (await AliasAsync(portal)).ShouldBe(church.Id);
    }

    [Fact]
    public async Task Revoke_OnlyRelease_LeavesTheUneditedModel()
    {
        await using var portal = await Portal.CreateAsync();
        var release = await portal.ReleaseAsync('1', ModelAlias.Production);

        await portal.Get<RevokeRelease>().ExecuteAsync(portal.Approver, release.Id, "It came back.", default);

        (await AliasAsync(portal)).ShouldBeNull();
        await Should.ThrowAsync<IllegalMoveException>(() => portal.Get<RevokeRelease>().ExecuteAsync(portal.Approver, release.Id, "again", default));
    }

    [Fact]
    public async Task MoveAlias_ToRevokedRelease_IsRefused()
    {
        await using var portal = await Portal.CreateAsync();
        var release = await portal.ReleaseAsync('1', null);
        await portal.Get<RevokeRelease>().ExecuteAsync(portal.Approver, release.Id, "It came back.", default);

        await Should.ThrowAsync<IllegalMoveException>(
            () => portal.Get<MoveAlias>().ExecuteAsync(portal.Approver, portal.Model.Id, ModelAlias.Staging, release.Id, "try", default));
    }

    [Fact]
    public async Task MoveAlias_UnknownName_IsRefused()
    {
        await using var portal = await Portal.CreateAsync();

        await Should.ThrowAsync<InvalidRequestException>(
            () => portal.Get<MoveAlias>().ExecuteAsync(portal.Approver, portal.Model.Id, "prod", null, "try", default));
    }

    private static async Task<long?> AliasAsync(Portal portal)
    {
        await using var db = await portal.OpenAsync();
        return await db.ModelAliases.Where(a => a.Name == ModelAlias.Production).Select(a => a.ReleaseId).SingleAsync();
    }
}
