using System.Text;
using System.Text.Json.Nodes;
using SafetyPortal.Requests.Evidence.Pack;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Tests.Evidence.Pack;

public class ExportEvidenceTests : PortalTest
{
    [Fact]
    public async Task Execute_ByAuditor_GivesASoundPackWithTheWholeChain()
    {
        var request = await PackStory.TellAsync(this);

        var report = await PackStory.VerifyAsync(await PackStory.ExportAsync(this, Auditor, request.Id), Get<SigningKey>().Id);

        report.FirstProblem.ShouldBeNull();
        report.Trusted.ShouldBe(true);
        report.EvidenceDigest.ShouldBe(request.CurrentRun!.EvidenceDigest);
        report.Checks.ShouldContain(check => check.Text.Contains("unbroken chain", StringComparison.Ordinal));
        report.Checks.ShouldContain(check => check.Text == "1 of 1 decisions name this evidence");
        (await ActionsAsync()).ShouldContain("evidence.exported");
    }

    [Fact]
    public async Task Execute_ByApprover_GivesASoundPackWithoutEventsOfOthers()
    {
        var request = await PackStory.TellAsync(this);
        var pack = await PackStory.ExportAsync(this, Approver, request.Id);

        (await PackStory.VerifyAsync(pack)).FirstProblem.ShouldBeNull();
        PackStory.Change(pack, honestly: true, files =>
        {
            foreach (var line in Encoding.UTF8.GetString(files[PackPath.Events]).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                var json = JsonNode.Parse(line)!.AsObject();
                if (json["subject"] is { } subject)
                    subject.ToString().ShouldStartWith($"request/{request.Id}");
                else
                    json.Select(member => member.Key).ShouldBe(["content", "requestId", "sequence"]);
            }
        });
    }

    [Fact]
    public async Task Verify_AuditKeyThatTheReaderDoesNotTrust_IsNotSound()
    {
        var request = await PackStory.TellAsync(this);

        var report = await PackStory.VerifyAsync(await PackStory.ExportAsync(this, Auditor, request.Id), Digest('0'));

        (report.Sound, report.Trusted, report.FirstProblem!.Item).ShouldBe((false, false, PackPath.AuditKey));
    }
}
