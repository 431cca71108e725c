using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Tests.Evidence;

public class SignedVerdictTests : PortalTest
{
    private const string EmptyGate = """
        {"signature":"s","statement":"{\"schema\":\"safetyportal.verdict/1\",\"evidenceDigest\":\"e\",\"policy\":\"p\",\"gates\":[null],\"keyId\":\"k\"}"}
        """;

    [Fact]
    public async Task Read_WrittenVerdict_IsStillSigned()
    {
        var verdict = await SignAsync('e');
        using var key = SigningKey.FromPem(await File.ReadAllTextAsync(Folder.WorkerKey + ".pub"));

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
    [InlineData(EmptyGate)]
    public void Read_NotAVerdict_IsNull(string? json) => SignedVerdict.Read(json).ShouldBeNull();

    [Fact]
    public async Task Sign_FirstTime_MakesAPrivateKeyFileAndRegistersItOnce()
    {
        await SignAsync('e');
        await SignAsync('f');

        (await ActionsAsync()).Count(action => action == "worker-key.registered").ShouldBe(1);
        if (!OperatingSystem.IsWindows())
            File.GetUnixFileMode(Folder.WorkerKey).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task Approve_GatesChangedInTheDatabase_IsDenied()
    {
        var request = await AwaitDecisionAsync(gatesPassed: false);
        await ExecuteSqlAsync("UPDATE Runs SET GatesPassed = 1");

        (await DenyAsync(Approver, request.Id)).ShouldBe("signature-mismatch");
        await ExecuteSqlAsync("UPDATE Runs SET Verdict = replace(Verdict, 'passed\\\":false', 'passed\\\":true')");
        (await DenyAsync(Approver, request.Id)).ShouldBe("bad-signature");
        await ExecuteSqlAsync("UPDATE Runs SET Verdict = NULL");
        (await DenyAsync(Approver, request.Id)).ShouldBe("unsigned-evidence");
    }
}
