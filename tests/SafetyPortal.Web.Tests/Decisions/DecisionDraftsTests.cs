using Microsoft.Extensions.Caching.Memory;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Web.Decisions;

namespace SafetyPortal.Web.Tests.Decisions;

public class DecisionDraftsTests
{
    [Fact]
    public void Read_AfterWriting_GivesItToItsWriterAlone()
    {
        using var cache = new MemoryCache(new MemoryCacheOptions());
        var drafts = new DecisionDrafts(cache);
        var draft = new DecisionDraft(DecisionReason.QualityTooLow, "grain", "few images");

        drafts.Write("ada", 3, draft);

        drafts.Read("ada", 3).ShouldBe(draft);
        drafts.Read("ben", 3).ShouldBe(DecisionDraft.Empty);
        drafts.Read("ada", 4).ShouldBe(DecisionDraft.Empty);
        drafts.Discard("ada", 3);
        drafts.Read("ada", 3).ShouldBe(DecisionDraft.Empty);
    }
}
