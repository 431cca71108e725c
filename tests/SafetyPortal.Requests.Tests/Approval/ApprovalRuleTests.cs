using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Tests.Approval;

public class ApprovalRuleTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly string Current = new('e', 64);
    private static readonly string Older = new('d', 64);

    private static readonly SigningKey Worker = PortalTest.NewKey();
    private static readonly SigningKey Stranger = PortalTest.NewKey();
    private static readonly TrustedKey Trusted = new(Worker.Id, Worker.PublicPem);

    private static readonly ApprovalInput Good = new(
        "ann", [Roles.Approver], "req", "start", RequestStatus.AwaitingDecision,
        Current, Current, Now.AddMinutes(-1), Now, GatesPassed: true, Quorum: 1, [], [],
        Sign(Worker), [Trusted]);

    /// <summary>Codes that say: this person may not judge this evidence now.</summary>
    private static readonly string[] PersonCodes =
        ["unknown-approver", "unknown-requester", "own-request", "own-run", "not-approver", "stale-sign-in", "wrong-status", "no-evidence", "stale-evidence"];

    private static readonly ApprovalInput Failed = Good with { GatesPassed = false, Verdict = Sign(Worker, passed: false) };

    /// <summary>Every way a good input can be spoilt, with the code it is denied with.</summary>
    public static readonly TheoryData<string, ApprovalInput?> Denied = new()
    {
        { "malformed", null },
        { "malformed", Good with { Approvals = null } },
        { "malformed", Good with { Waivers = null } },
        { "malformed", Good with { Approvals = [null!] } },
        { "malformed", Good with { Approvals = [new(null, Current)] } },
        { "malformed", Good with { Approvals = [new("bob", " ")] } },
        { "unknown-approver", Good with { ApproverId = null } },
        { "unknown-approver", Good with { ApproverId = " " } },
        { "unknown-requester", Good with { RequesterId = null } },
        { "unknown-requester", Good with { RunStarterId = "" } },
        { "own-request", Good with { RequesterId = "ann" } },
        { "own-run", Good with { RunStarterId = "ann" } },
        { "own-request", Good with { RequesterId = "ann", ApproverRoles = Roles.All } },
        { "not-approver", Good with { ApproverRoles = null } },
        { "not-approver", Good with { ApproverRoles = [] } },
        { "not-approver", Good with { ApproverRoles = [Roles.Administrator] } },
        { "not-approver", Good with { ApproverRoles = [Roles.Reviewer, Roles.Auditor, Roles.Administrator] } },
        { "not-approver", Good with { ApproverRoles = ["approver"] } },
        { "stale-sign-in", Good with { SignedInAt = null } },
        { "stale-sign-in", Good with { SignedInAt = Now.AddMinutes(-5).AddTicks(-1) } },
        { "stale-sign-in", Good with { SignedInAt = Now.AddMinutes(1) } },
        { "wrong-status", Good with { Status = RequestStatus.Running } },
        { "wrong-status", Good with { Status = (RequestStatus)77 } },
        { "no-evidence", Good with { CurrentDigest = null, SeenDigest = null } },
        { "no-evidence", Good with { CurrentDigest = "", SeenDigest = "" } },
        { "no-evidence", Good with { CurrentDigest = "xyz", SeenDigest = "xyz" } },
        { "stale-evidence", Good with { SeenDigest = Older } },
        { "stale-evidence", Good with { SeenDigest = null } },
        { "unknown-quorum", Good with { Quorum = null } },
        { "unknown-quorum", Good with { Quorum = 0 } },
        { "unknown-quorum", Good with { Quorum = -1 } },
        { "unknown-quorum", Good with { Quorum = 6 } },
        { "gates-unknown", Good with { GatesPassed = null } },
        { "unsigned-evidence", Good with { Verdict = null } },
        { "unsigned-evidence", Good with { Verdict = Sign(Worker) with { Statement = "{}" } } },
        { "unknown-signer", Good with { TrustedKeys = null } },
        { "unknown-signer", Good with { TrustedKeys = [] } },
        { "unknown-signer", Good with { TrustedKeys = [null!] } },
        { "unknown-signer", Good with { TrustedKeys = [new(Worker.Id, null)] } },
        { "unknown-signer", Good with { TrustedKeys = [new(Worker.Id, "not a key")] } },
        { "unknown-signer", Good with { Verdict = Sign(Stranger) } },
        { "bad-signature", Good with { Verdict = Change(Sign(Stranger), Stranger.Id, Worker.Id) } },
        { "bad-signature", Good with { TrustedKeys = [new(Worker.Id, Stranger.PublicPem)] } },
        { "bad-signature", Good with { Verdict = Sign(Worker) with { Signature = "?" } } },
        { "bad-signature", Good with { Verdict = Change(Sign(Worker), "1:policy", "2:policy") } },
        { "bad-signature", Good with { Verdict = Change(Sign(Worker, passed: false), "\"passed\":false", "\"passed\":true") } },
        { "bad-signature", Good with { Verdict = Change(Sign(Worker, digest: Older), Older, Current) } },
        { "signature-mismatch", Good with { Verdict = Sign(Worker, digest: Older) } },
        { "signature-mismatch", Good with { Verdict = Sign(Worker, passed: false) } },
        { "signature-mismatch", Failed with { Verdict = Sign(Worker), Waivers = [new("bob", Current, "reason")] } },
        { "claimed", Good with { Claim = new("bob", "Bob", OnHold: false) } },
        { "claimed", Good with { Claim = new(null, null, OnHold: false) } },
        { "on-hold", Good with { Claim = new("bob", "Bob", OnHold: true) } },
        { "gates-failed", Failed },
        { "gates-failed", Failed with { Waivers = [new("ann", Current, "reason")] } },
        { "gates-failed", Failed with { Waivers = [new("bob", Older, "reason")] } },
        { "gates-failed", Failed with { Waivers = [new("bob", Current, " ")] } },
        { "gates-failed", Failed with { Waivers = [new("req", Current, "reason")] } },
        { "gates-failed", Failed with { Waivers = [new("start", Current, "reason")] } },
        { "gates-failed", Failed with { Waivers = [new(null, Current, "reason"), null!] } },
        { "already-approved", Good with { Quorum = 2, Approvals = [new("ann", Current)] } },
    };

    [Theory]
    [MemberData(nameof(Denied))]
    public void Judge_OneThingWrong_DeniesWithItsCode(string code, ApprovalInput? input) => ShouldBeDenied(Approve(input), code);

    [Theory]
    [InlineData("malformed", (DecisionKind)9, DecisionReason.None)]
    [InlineData("malformed", DecisionKind.Approve, (DecisionReason)99)]
    [InlineData("malformed", DecisionKind.Approve, DecisionReason.Other)]
    [InlineData("reason-missing", DecisionKind.Reject, DecisionReason.None)]
    [InlineData("reason-missing", DecisionKind.RequestChanges, DecisionReason.None)]
    public void Judge_KindOrReasonWrong_DeniesWithItsCode(string code, DecisionKind kind, DecisionReason reason) =>
        ShouldBeDenied(ApprovalRule.Judge(kind, reason, Good), code);

    [Theory]
    [MemberData(nameof(Denied))]
    public void JudgeWaiver_OneThingWrong_DeniesAsADecisionUnlessItConcernsApprovalsOrClaims(string code, ApprovalInput? input)
    {
        var verdict = ApprovalRule.JudgeWaiver(input);

        if (input is null || PersonCodes.Contains(code))
            ShouldBeDenied(verdict, code);
        else
            verdict.ShouldBe(new(true, "allowed", "Allowed.", QuorumMet: false));
    }

    [Fact]
    public void Judge_EverythingRight_AllowsAndMeetsQuorumOfOne() =>
        Approve(Good).ShouldBe(new(true, "allowed", "Allowed; the quorum is met.", QuorumMet: true));

    [Fact]
    public void Judge_SignInExactlyFiveMinutesAgo_Allows() => Approve(Good with { SignedInAt = Now.AddMinutes(-5) }).Allowed.ShouldBeTrue();

    [Fact]
    public void Judge_GatesFailedWithSecondApproversWaiver_Allows() =>
        Approve(Failed with { Waivers = [new("bob", Current, "known judge error")] }).QuorumMet.ShouldBeTrue();

    [Theory]
    [InlineData(DecisionKind.Reject)]
    [InlineData(DecisionKind.RequestChanges)]
    public void Judge_RefusalWithReason_IsAllowedWhateverTheGatesSay(DecisionKind kind) =>
        ApprovalRule.Judge(kind, DecisionReason.QualityTooLow, Good with { GatesPassed = false }).Allowed.ShouldBeTrue();

    [Fact]
    public void Judge_QuorumOfTwo_CountsOnlyOthersApprovalsOfThisEvidence()
    {
        var two = Good with { Quorum = 2 };

        Approve(two).QuorumMet.ShouldBeFalse();
        Approve(two with { Approvals = [new("bob", Older)] }).QuorumMet.ShouldBeFalse();
        Approve(two with { Approvals = [new("req", Current)] }).QuorumMet.ShouldBeFalse();
        Approve(two with { Approvals = [new("start", Current)] }).QuorumMet.ShouldBeFalse();
        Approve(two with { Approvals = [new("bob", Current)] }).QuorumMet.ShouldBeTrue();
        Approve(Good with { Quorum = 3, Approvals = [new("bob", Current), new("bob", Current)] }).QuorumMet.ShouldBeFalse();
    }

    /// <summary>All combinations of good and bad parts: an approval is allowed exactly when every part is good.</summary>
    [Fact]
    public void Judge_AllCombinations_AllowsOnlyTheFaultless()
    {
        Func<ApprovalInput, ApprovalInput>[] faults =
        [
            input => input with { RequesterId = "ann" },
            input => input with { RunStarterId = "ann" },
            input => input with { ApproverRoles = [Roles.Administrator] },
            input => input with { SignedInAt = Now.AddHours(-1) },
            input => input with { Status = RequestStatus.Approved },
            input => input with { SeenDigest = Older },
            input => input with { GatesPassed = false },
            input => input with { TrustedKeys = [] },
            input => input with { Claim = new("bob", "Bob", OnHold: false) },
            input => input with { Quorum = null },
            input => input with { Approvals = [new("ann", Current)] },
            input => input with { ApproverId = "" },
            input => input with { Waivers = null },
        ];
        for (var mask = 0; mask < 1 << faults.Length; mask++)
        {
            var input = Good;
            for (var bit = 0; bit < faults.Length; bit++)
            {
                if ((mask & (1 << bit)) != 0)
                    input = faults[bit](input);
            }

            var verdict = Approve(input);

            verdict.Allowed.ShouldBe(mask == 0, $"faults {mask:b}: {verdict}");
        }
    }

    [Fact]
    public void Judge_OwnClaim_Allows() => Approve(Good with { Claim = new("ann", "Ann", OnHold: true) }).Allowed.ShouldBeTrue();

    [Fact]
    public void Judge_RejectingUnsignedEvidence_IsAllowed() =>
        ApprovalRule.Judge(DecisionKind.Reject, DecisionReason.EvidenceInsufficient, Good with { Verdict = null, TrustedKeys = null }).Allowed.ShouldBeTrue();

    private static ApprovalVerdict Approve(ApprovalInput? input) => ApprovalRule.Judge(DecisionKind.Approve, DecisionReason.None, input);

    private static void ShouldBeDenied(ApprovalVerdict verdict, string code)
    {
        verdict.Allowed.ShouldBeFalse();
        verdict.Code.ShouldBe(code);
        verdict.Text.ShouldNotBeNullOrWhiteSpace();
        verdict.QuorumMet.ShouldBeFalse();
    }

    private static SignedVerdict Sign(SigningKey key, bool passed = true, string? digest = null) => PortalTest.Sign(key, digest ?? Current, passed);

    private static SignedVerdict Change(SignedVerdict verdict, string from, string to)
    {
        var changed = verdict with { Statement = verdict.Statement.Replace(from, to, StringComparison.Ordinal) };
        changed.ShouldNotBe(verdict);
        return changed;
    }
}
