using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Requests.Tests.Data;

public class PortalDbTests
{
    [Fact]
    public async Task SaveChanges_AuditedRowWithoutEvent_Throws()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.SubmitAsync();
        await using var db = await portal.OpenAsync();
        var loaded = await db.EraseRequests.SingleAsync(r => r.Id == request.Id);

        loaded.Cancel(portal.Clock.GetUtcNow());

        (await Should.ThrowAsync<InvalidOperationException>(() => db.SaveChangesAsync())).Message.ShouldContain("EraseRequest");
    }

    [Fact]
    public async Task SaveChanges_OverNewerRow_ThrowsAndLeavesNoEvent()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.SubmitAsync();
        await using var first = await portal.OpenAsync();
        await using var second = await portal.OpenAsync();
        var mine = await first.EraseRequests.SingleAsync(r => r.Id == request.Id);
        var theirs = await second.EraseRequests.SingleAsync(r => r.Id == request.Id);
        var before = (await portal.ActionsAsync()).Count;

        mine.Cancel(portal.Clock.GetUtcNow());
        first.Record(portal.Reviewer, "test.first", "request/1", null);
        await first.SaveChangesAsync();
        theirs.Cancel(portal.Clock.GetUtcNow());
        second.Record(portal.Reviewer, "test.second", "request/1", null);

        await Should.ThrowAsync<DbUpdateConcurrencyException>(() => second.SaveChangesAsync());
        (await portal.ActionsAsync()).Count.ShouldBe(before + 1);
    }

    [Fact]
    public async Task BeginWrite_NotCommitted_LeavesNeitherChangeNorEvent()
    {
        await using var portal = await Portal.CreateAsync();
        var before = (await portal.ActionsAsync()).Count;

        await using (var db = await portal.OpenAsync())
        {
            await using var write = await db.BeginWriteAsync(default);
            db.Record(Actor.System("test"), "test.lost", "test/1", null);
            await db.SaveChangesAsync();
        }

        (await portal.ActionsAsync()).Count.ShouldBe(before);
    }

    [Fact]
    public async Task DateTimeOffset_StoredWithOffset_ComesBackAsTheSameInstantInUtc()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.SubmitAsync();

        var loaded = await portal.LoadAsync(request.Id);

        loaded.CreatedAt.ShouldBe(portal.Clock.GetUtcNow());
        loaded.CreatedAt.Offset.ShouldBe(TimeSpan.Zero);
    }
}
