using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Tests.Evidence;

public class SignedVerdictTests
{
    private static readonly DecisionEntry Approval = new(DecisionKind.Approve, Portal.Digest('e'));

    [Fact]
    public async Task Read_WrittenVerdict_IsStillSigned()
    {
        await using var portal = await Portal.CreateAsync();
        var verdict = await portal.SignAsync(Portal.Digest('e'), gatesPassed: true);
        using var key = SigningKey.FromPem(await File.ReadAllTextAsync(portal.Folder.WorkerKey + ".pub"));

        var read = SignedVerdict.Read(verdict.ToJson()).ShouldNotBeNull();

        read.IsSignedBy(key).ShouldBeTrue();
        (read with { Statement = read.Statement.Replace('e', 'f') }).IsSignedBy(key).ShouldBeFalse();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"signature\":\"s\"}")]
    [InlineData("{\"signature\":\"s\",\"statement\":\"{}\"}")]
    [InlineData("{\"signature\":\"s\",\"statement\":\"{\\\"schema\\\":\\\"safetyportal.verdict/1\\\",\\\"evidenceDigest\\\":\\\"e\\\",\\\"policy\\\":\\\"p\\\",\\\"gates\\\":[null],\\\"keyId\\\":\\\"k\\\"}\"}")]
    public void Read_NotAVerdict_IsNull(string? json) => SignedVerdict.Read(json).ShouldBeNull();

    [Fact]
    public async Task Sign_FirstTime_MakesAPrivateKeyFileAndRegistersItOnce()
    {
        await using var portal = await Portal.CreateAsync();

        await portal.SignAsync(Portal.Digest('e'), gatesPassed: true);
        await portal.SignAsync(Portal.Digest('f'), gatesPassed: true);

        (await portal.ActionsAsync()).Count(action => action == "worker-key.registered").ShouldBe(1);
        if (!OperatingSystem.IsWindows())
            File.GetUnixFileMode(portal.Folder.WorkerKey).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task Approve_GatesChangedInTheDatabase_IsDenied()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync(gatesPassed: false);
        await portal.ExecuteSqlAsync("UPDATE Runs SET GatesPassed = 1");

        (await DenyAsync(portal, request.Id)).ShouldBe("signature-mismatch");
        await portal.ExecuteSqlAsync("UPDATE Runs SET Verdict = replace(Verdict, 'passed\\\":false', 'passed\\\":true')");
        (await DenyAsync(portal, request.Id)).ShouldBe("bad-signature");
        await portal.ExecuteSqlAsync("UPDATE Runs SET Verdict = NULL");
        (await DenyAsync(portal, request.Id)).ShouldBe("unsigned-evidence");
    }

    [Fact]
    public async Task Approve_KeyWithdrawn_IsDenied()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();
        using var key = SigningKey.LoadOrCreate(portal.Folder.WorkerKey);
        var trust = portal.Get<TrustWorkerKey>();

        await Should.ThrowAsync<NotAllowedException>(() => trust.WithdrawAsync(portal.Approver, key.Id, "The machine was stolen.", default));
        await trust.WithdrawAsync(portal.Administrator, key.Id, "The machine was stolen.", default);

        (await DenyAsync(portal, request.Id)).ShouldBe("unknown-signer");
        await Should.ThrowAsync<IllegalMoveException>(() => trust.WithdrawAsync(portal.Administrator, key.Id, "The machine was stolen.", default));
    }

    private static async Task<string> DenyAsync(Portal portal, long requestId) =>
        (await Should.ThrowAsync<DecisionDeniedException>(() => portal.Get<DecideRequest>().ExecuteAsync(portal.Approver, requestId, Approval, default))).Verdict.Code;
}
