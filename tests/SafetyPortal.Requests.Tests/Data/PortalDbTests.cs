using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Requests.Tests.Data;

public class PortalDbTests : PortalTest
{
    [Fact]
    public async Task SaveChanges_AuditedRowWithoutEvent_Throws()
    {
        var request = await SubmitAsync();
        await using var db = await OpenAsync();
        var loaded = await db.EraseRequests.SingleAsync(r => r.Id == request.Id);

        loaded.Cancel(Clock.GetUtcNow());

        (await Should.ThrowAsync<InvalidOperationException>(() => db.SaveChangesAsync())).Message.ShouldContain("EraseRequest");
    }

    [Fact]
    public async Task SaveChanges_OverNewerRow_ThrowsAndLeavesNoEvent()
    {
        var request = await SubmitAsync();
        await using var first = await OpenAsync();
        await using var second = await OpenAsync();
        var mine = await first.EraseRequests.SingleAsync(r => r.Id == request.Id);
        var theirs = await second.EraseRequests.SingleAsync(r => r.Id == request.Id);
        var before = (await ActionsAsync()).Count;

        mine.Cancel(Clock.GetUtcNow());
        first.Record(Reviewer, "request.cancelled", "request/1", null);
        await first.SaveChangesAsync();
        theirs.Cancel(Clock.GetUtcNow());
        second.Record(Reviewer, "request.cancelled", "request/1", null);

        await Should.ThrowAsync<DbUpdateConcurrencyException>(() => second.SaveChangesAsync());
        (await ActionsAsync()).Count.ShouldBe(before + 1);
    }

    [Fact]
    public async Task BeginWrite_NotCommitted_LeavesNeitherChangeNorEvent()
    {
        var before = (await ActionsAsync()).Count;

        await using (var db = await OpenAsync())
        {
            await using var write = await db.BeginWriteAsync(default);
            db.Record(Actor.System("test"), "request.cancelled", "test/1", null);
            await db.SaveChangesAsync();
        }

        (await ActionsAsync()).Count.ShouldBe(before);
    }

    [Fact]
    public async Task DateTimeOffset_StoredWithOffset_ComesBackAsTheSameInstantInUtc()
    {
        var request = await SubmitAsync();

        var loaded = await LoadAsync(request.Id);

        loaded.CreatedAt.ShouldBe(Clock.GetUtcNow());
        loaded.CreatedAt.Offset.ShouldBe(TimeSpan.Zero);
    }
}
