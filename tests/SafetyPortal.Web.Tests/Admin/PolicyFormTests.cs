using SafetyPortal.Web.Admin;

namespace SafetyPortal.Web.Tests.Admin;

public class PolicyFormTests
{
    [Fact]
    public void ToPolicy_OfAnUntouchedForm_IsThePolicyItShows()
    {
        var policy = PolicyDocument.Default with { MinDetectionDrop = 0.83, MaxDetectionUpperBound = 0.07, MinWorstRetention = 0.55, MaxFid = 1.5, MaxClipScoreDrop = 2, MinSamples = 9, QuorumStyle = 3 };

        PolicyForm.From(policy).ToPolicy().ShouldBe(policy);
        PolicyForm.From(PolicyDocument.Default).ToPolicy().ShouldBe(PolicyDocument.Default);
    }

    [Fact]
    public void ToPolicy_WithoutTheTwoGatesThatMustBeOn_IsOutOfRange()
    {
        var form = PolicyForm.From(PolicyDocument.Default);
        (form.MinDetectionDrop, form.MinMeanRetention) = (null, null);

        form.ToPolicy().Problems().Select(p => p.Field).ShouldBe(["MinDetectionDrop", "MinMeanRetention"]);
    }
}
