using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Policies;

namespace SafetyPortal.Requests.Tests.Policies;

public class PolicyVersionTests : PortalTest
{
    [Fact]
    public async Task ChangePolicy_ByAdministrator_PutsANewVersionInForce()
    {
        var before = await Get<CurrentPolicy>().GetAsync(default);

        await Get<ChangePolicy>().ExecuteAsync(Administrator, PolicyDocument.Default with { QuorumStyle = 2 }, before.VersionId, default);

        var after = await Get<CurrentPolicy>().GetAsync(default);
        after.VersionId.ShouldBe(before.VersionId + 1);
        after.Document.QuorumFor(ConceptKind.Style).ShouldBe(2);
        after.Name.ShouldNotBe(before.Name);
        (await ActionsAsync())[^1].ShouldBe("policy.changed");
    }

    [Fact]
    public async Task ChangePolicy_SomebodyElseChangedItMeanwhile_IsRefusedNamingTheirVersion()
    {
        var seen = await Get<CurrentPolicy>().GetAsync(default);
        var theirs = await Get<ChangePolicy>().ExecuteAsync(Administrator, PolicyDocument.Default with { QuorumStyle = 2 }, seen.VersionId, default);

        var error = await Should.ThrowAsync<IllegalMoveException>(
            () => Get<ChangePolicy>().ExecuteAsync(Administrator, PolicyDocument.Default with { QuorumObject = 3 }, seen.VersionId, default));

        error.Message.ShouldContain($"version {theirs.VersionId}");
        (await Get<CurrentPolicy>().GetAsync(default)).ShouldBe(theirs);
    }

    [Fact]
    public async Task ChangePolicy_ByApproverOrWithBadValues_IsRefused()
    {
        await Should.ThrowAsync<NotAllowedException>(() => Get<ChangePolicy>().ExecuteAsync(Approver, PolicyDocument.Default, 1, default));
        var error = await Should.ThrowAsync<InvalidRequestException>(() => Get<ChangePolicy>().ExecuteAsync(
            Administrator, PolicyDocument.Default with { MinDetectionDrop = double.NaN, QuorumNudity = 0 }, 1, default));
        error.Problems.Select(p => p.Field).ShouldBe(["MinDetectionDrop", "QuorumNudity"]);
    }

    [Fact]
    public async Task History_AfterAChange_ListsEveryVersionNewestFirst()
    {
        await Get<ChangePolicy>().ExecuteAsync(Administrator, PolicyDocument.Default with { MinWorstRetention = 0.5 }, 1, default);

        var versions = await Get<CurrentPolicy>().HistoryAsync(default);

        versions.Select(v => v.Policy.Document.MinWorstRetention).ShouldBe([0.5, null]);
        versions[0].AddedByName.ShouldBe(Administrator.Name);
    }

    [Fact]
    public void Default_HasTheAgreedLimits()
    {
        var policy = PolicyVersion.Read(CanonicalJson.Serialize(PolicyDocument.Default));

        policy.ShouldBe(PolicyDocument.Default);
        (policy.MinDetectionDrop, policy.MinMeanRetention, policy.PlaceboMustNotPass).ShouldBe((0.8, 0.8, true));
        (policy.QuorumFor(ConceptKind.Nudity), policy.QuorumFor(ConceptKind.Style), policy.QuorumFor(ConceptKind.Object)).ShouldBe((2, 1, 1));
        policy.QuorumFor((ConceptKind)9).ShouldBeNull();
    }
}
