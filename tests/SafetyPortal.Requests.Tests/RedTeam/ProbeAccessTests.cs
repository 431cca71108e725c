using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.RedTeam;

namespace SafetyPortal.Requests.Tests.RedTeam;

public class ProbeAccessTests
{
    [Theory]
    [InlineData(Roles.Reviewer, false)]
    [InlineData(Roles.Approver, false)]
    [InlineData(Roles.Auditor, true)]
    [InlineData(Roles.Administrator, true)]
    public void MaySee_ProbesThatRebuildTheConcept_AdministratorsAndAuditorsAlone(string role, bool allowed)
    {
        ProbeAccess.MaySee([role], ProbeCodes.Revival).ShouldBe(allowed);
        ProbeAccess.MaySee([role], ProbeCodes.Amplification).ShouldBe(allowed);
        ProbeAccess.MaySee([role], ProbeCodes.Noise).ShouldBeTrue();
    }

    [Fact]
    public void MaySee_ReviewerWhoIsAlsoApprover_StillNotRevival() => ProbeAccess.MaySee([Roles.Reviewer, Roles.Approver], ProbeCodes.Revival).ShouldBeFalse();

    [Theory]
    [InlineData("Revival")]
    [InlineData("revival ")]
    [InlineData("")]
    [InlineData("something-new")]
    public void MaySee_UnknownCode_IsFalseForEveryRole(string code) => ProbeAccess.MaySee(Roles.All, code).ShouldBeFalse();

    [Fact]
    public void Filter_ForAReviewer_LeavesOutTheRestrictedProbes()
    {
        string[] known = [ProbeCodes.Noise, ProbeCodes.Revival, ProbeCodes.Amplification];
        var findings = new RedTeamEvidence("small", 7, [.. known.Append("unheard-of").Select(Probe)]);

        ProbeAccess.Filter(findings, [Roles.Reviewer]).Probes.Select(p => p.Code).ShouldBe([ProbeCodes.Noise]);
        ProbeAccess.Filter(findings, [Roles.Auditor]).Probes.Select(p => p.Code).ShouldBe(known);
    }

    internal static ProbeEvidence Probe(string code)
    {
        var rate = new DetectionRate(0, 6, new(0, 0.39));
        return new(
            code, code, "It tries.", rate, rate, rate, [], [], new(10, 0), new(10, 0), ProbeCodes.AdministratorOnly.Contains(code), Sheet: null, [],
            Sensitive: false);
    }
}
