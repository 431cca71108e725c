using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Tests.Audit;

/// <summary>Each test tampers with a real database or checkpoint file the way someone with full access to the disk could.</summary>
public class AuditVerifierTests
{
    [Fact]
    public async Task Verify_UntouchedHistory_IsSoundAndCountsWhatIsNotYetAnchored()
    {
        await using var portal = await PortalWithTwentyEventsAsync();

        var report = await VerifyAsync(portal);

        report.Problems.ShouldBeEmpty();
        report.EventCount.ShouldBe(20);
        report.AnchoredCount.ShouldBe(16);
        report.NotYetAnchored.ShouldBe(4);
        report.CheckpointCount.ShouldBe(2);
    }

    [Theory]
    [InlineData("UPDATE AuditEvents SET ActorName = 'someone else' WHERE Sequence = 12")]
    [InlineData("UPDATE AuditEvents SET ActorId = 'x' WHERE Sequence = 12")]
    [InlineData("UPDATE AuditEvents SET Action = 'x' WHERE Sequence = 12")]
    [InlineData("UPDATE AuditEvents SET Subject = 'x' WHERE Sequence = 12")]
    [InlineData("UPDATE AuditEvents SET RequestId = 99 WHERE Sequence = 12")]
    [InlineData("UPDATE AuditEvents SET Payload = '[]' WHERE Sequence = 12")]
    [InlineData("UPDATE AuditEvents SET Time = Time + 1 WHERE Sequence = 12")]
    [InlineData("UPDATE AuditEvents SET PreviousHash = Hash WHERE Sequence = 12")]
    [InlineData("UPDATE AuditEvents SET Hash = PreviousHash WHERE Sequence = 12")]
    public async Task Verify_AnyColumnChanged_ReportsThatEvent(string sql)
    {
        await using var portal = await PortalWithTwentyEventsAsync();
        await portal.ExecuteSqlAsync(sql);

        (await FirstAsync(portal)).ShouldBe((AuditFault.ChangedField, 12));
    }

    [Fact]
    public async Task Verify_ChangedAndHashComputedAnew_ReportsThatEvent()
    {
        await using var portal = await PortalWithTwentyEventsAsync();
        await RehashAsync(portal, 12, 12, "forged");

        (await FirstAsync(portal)).ShouldBe((AuditFault.ChangedField, 12));
    }

    [Fact]
    public async Task Verify_TwoEventsSwapped_ReportsReordered()
    {
        await using var portal = await PortalWithTwentyEventsAsync();
        await portal.ExecuteSqlAsync("UPDATE AuditEvents SET Sequence = 100 WHERE Sequence = 12; UPDATE AuditEvents SET Sequence = 12 WHERE Sequence = 13; UPDATE AuditEvents SET Sequence = 13 WHERE Sequence = 100");

        (await FirstAsync(portal)).ShouldBe((AuditFault.Reordered, 12));
    }

    [Fact]
    public async Task Verify_EventMovedToTheEnd_ReportsReordered()
    {
        await using var portal = await PortalWithTwentyEventsAsync();
        await portal.ExecuteSqlAsync("UPDATE AuditEvents SET Sequence = 21 WHERE Sequence = 12");

        (await FirstAsync(portal)).ShouldBe((AuditFault.Reordered, 12));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(12)]
    [InlineData(19)]
    public async Task Verify_EventDeleted_ReportsMissing(long sequence)
    {
        await using var portal = await PortalWithTwentyEventsAsync();
        await portal.ExecuteSqlAsync($"DELETE FROM AuditEvents WHERE Sequence = {sequence}");

        (await FirstAsync(portal)).ShouldBe((AuditFault.Missing, sequence));
    }

    [Fact]
    public async Task Verify_EventDeletedAndRestRenumbered_ReportsMissing()
    {
        await using var portal = await PortalWithTwentyEventsAsync();
        await portal.ExecuteSqlAsync("DELETE FROM AuditEvents WHERE Sequence = 12");
        for (var sequence = 13; sequence <= 20; sequence++)
            await portal.ExecuteSqlAsync($"UPDATE AuditEvents SET Sequence = {sequence - 1} WHERE Sequence = {sequence}");

        (await FirstAsync(portal)).ShouldBe((AuditFault.Missing, 12));
    }

    [Fact]
    public async Task Verify_NewestEventsDeleted_ReportsCutTail()
    {
        await using var portal = await PortalWithTwentyEventsAsync();
        await portal.ExecuteSqlAsync("DELETE FROM AuditEvents WHERE Sequence > 14");

        (await FirstAsync(portal)).ShouldBe((AuditFault.CutTail, 15));
    }

    [Fact]
    public async Task Verify_EverythingDeleted_ReportsCutTailFromTheFirst()
    {
        await using var portal = await PortalWithTwentyEventsAsync();
        await portal.ExecuteSqlAsync("DELETE FROM AuditEvents");

        (await FirstAsync(portal)).ShouldBe((AuditFault.CutTail, 1));
    }

    [Fact]
    public async Task Verify_ChangedAndAllLaterHashesComputedAnew_ReportsRewrittenAfterLastGoodCheckpoint()
    {
        await using var portal = await PortalWithTwentyEventsAsync();
        await RehashAsync(portal, 12, 20, "forged");

        // Checkpoints stand at 10 and 16: the change at 12 is somewhere in 11 to 16.
        (await FirstAsync(portal)).ShouldBe((AuditFault.RewrittenLog, 11));
    }

    [Fact]
    public async Task Verify_CheckpointSignedWithAnotherKey_ReportsForged()
    {
        await using var portal = await PortalWithTwentyEventsAsync();
        await RehashAsync(portal, 12, 20, "forged");
        File.Delete(portal.Folder.AuditKey);
        using var stranger = SigningKey.LoadOrCreate(portal.Folder.AuditKey);
        var lines = await File.ReadAllLinesAsync(portal.Folder.Checkpoints);
        var head = await HashAtAsync(portal, 16);
        var forged = AuditCheckpoint.Sign(16, head, portal.Clock.GetUtcNow(), CanonicalJson.DigestOfText(lines[0]), stranger);
        await File.WriteAllLinesAsync(portal.Folder.Checkpoints, [lines[0], CanonicalJson.Serialize(forged)]);

        (await FirstAsync(portal)).ShouldBe((AuditFault.ForgedCheckpoint, 2));
    }

    [Theory]
    [InlineData("\"count\":16", "\"count\":15")]
    [InlineData("\"count\":16", "\"cnt\":16")]
    [InlineData("{", "")]
    public async Task Verify_CheckpointLineEdited_ReportsForged(string find, string replace)
    {
        await using var portal = await PortalWithTwentyEventsAsync();
        var lines = await File.ReadAllLinesAsync(portal.Folder.Checkpoints);
        await File.WriteAllLinesAsync(portal.Folder.Checkpoints, [lines[0], lines[1].Replace(find, replace, StringComparison.Ordinal)]);

        (await FirstAsync(portal)).ShouldBe((AuditFault.ForgedCheckpoint, 2));
    }

    [Fact]
    public async Task Verify_CheckpointLineTakenOut_ReportsForged()
    {
        await using var portal = await PortalWithTwentyEventsAsync();
        var lines = await File.ReadAllLinesAsync(portal.Folder.Checkpoints);
        await File.WriteAllLinesAsync(portal.Folder.Checkpoints, lines[1..]);

        (await FirstAsync(portal)).ShouldBe((AuditFault.ForgedCheckpoint, 1));
    }

    [Fact]
    public async Task WriteCheckpoint_HistoryRewritten_RefusesToSign()
    {
        await using var portal = await PortalWithTwentyEventsAsync();
        await RehashAsync(portal, 12, 20, "forged");

        await Should.ThrowAsync<BrokenHistoryException>(() => portal.Get<WriteCheckpoint>().ExecuteAsync(default));
    }

    [Fact]
    public async Task WriteCheckpoint_NothingNew_WritesNothing()
    {
        await using var portal = await PortalWithTwentyEventsAsync();
        (await portal.Get<WriteCheckpoint>().ExecuteAsync(default)).ShouldNotBeNull().Count.ShouldBe(20);

        (await portal.Get<WriteCheckpoint>().ExecuteAsync(default)).ShouldBeNull();

        (await File.ReadAllLinesAsync(portal.Folder.Checkpoints)).Length.ShouldBe(3);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(-40)]
    public async Task WriteCheckpoint_LastLineTorn_ReportsItAsTornAndPutsTheNextInItsPlace(int cut)
    {
        await using var portal = await PortalWithTwentyEventsAsync();
        await TruncateAsync(portal, cut);
        // Without its last byte the line is still whole.
        if (cut < -1)
            (await FirstAsync(portal)).ShouldBe((AuditFault.TornCheckpoint, 2));

        await portal.Get<WriteCheckpoint>().ExecuteAsync(default);

        var report = await VerifyAsync(portal);
        report.Problems.ShouldBeEmpty();
        (report.AnchoredCount, report.CheckpointCount).ShouldBe((20, cut == -1 ? 3 : 2));
    }

    [Fact]
    public async Task WriteCheckpoint_LastLineJunkAndHistoryRewritten_ComparesWithTheLineBefore()
    {
        await using var portal = await PortalWithTwentyEventsAsync();
        await RehashAsync(portal, 12, 20, "forged");
        await File.AppendAllTextAsync(portal.Folder.Checkpoints, "junk\n");

        await Should.ThrowAsync<BrokenHistoryException>(() => portal.Get<WriteCheckpoint>().ExecuteAsync(default));
    }

    [Fact]
    public async Task WriteCheckpoint_NoGenuineLine_RefusesToSign()
    {
        await using var portal = await PortalWithTwentyEventsAsync();
        await File.WriteAllTextAsync(portal.Folder.Checkpoints, "junk\n");

        (await Should.ThrowAsync<BrokenHistoryException>(() => portal.Get<WriteCheckpoint>().ExecuteAsync(default))).Message.ShouldContain(portal.Folder.Checkpoints);
    }

    [Theory]
    [InlineData(1_000_000_000_000)]
    [InlineData(9_007_199_254_740_993)]
    public async Task Verify_EventUnderAHugeNumber_ReportsItWithoutTryingEveryNumberBelow(long sequence)
    {
        await using var portal = await PortalWithTwentyEventsAsync();
        await portal.ExecuteSqlAsync($"UPDATE AuditEvents SET Sequence = {sequence} WHERE Sequence = 20");

        (await FirstAsync(portal)).ShouldBe((AuditFault.Reordered, 20));
    }

    [Fact]
    public async Task Verify_CheckpointCountBeyondWhatJsonHolds_ReportsForged()
    {
        await using var portal = await PortalWithTwentyEventsAsync();
        var text = await File.ReadAllTextAsync(portal.Folder.Checkpoints);
        await File.WriteAllTextAsync(portal.Folder.Checkpoints, text.Replace("\"count\":16", "\"count\":9007199254740993", StringComparison.Ordinal));

        (await FirstAsync(portal)).ShouldBe((AuditFault.ForgedCheckpoint, 2));
    }

    [Fact]
    public async Task Verify_WhileACheckpointIsWritten_WaitsForIt()
    {
        await using var portal = await PortalWithTwentyEventsAsync();
        Task<AuditReport> report;
        await using (new FileStream(portal.Folder.Checkpoints, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            report = Task.Run(() => VerifyAsync(portal));
            await Task.Delay(100);
            report.IsCompleted.ShouldBeFalse();
        }

        (await report).Problems.ShouldBeEmpty();
    }

    [Fact]
    public async Task SigningKey_OnFirstUse_IsReadableByItsOwnerAlone()
    {
        await using var portal = await PortalWithTwentyEventsAsync();

        if (!OperatingSystem.IsWindows())
            File.GetUnixFileMode(portal.Folder.AuditKey).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>Twenty events, checkpoints after the tenth and the sixteenth.</summary>
    internal static async Task<Portal> PortalWithTwentyEventsAsync()
    {
        var portal = await Portal.CreateAsync();
        for (var n = (await portal.ActionsAsync()).Count + 1; n <= 20; n++)
        {
            await portal.Get<RecordEvent>().ExecuteAsync(Actor.System("test"), "test.event", $"request/{n}", new { n }, default);
            if (n is 10 or 16)
                await portal.Get<WriteCheckpoint>().ExecuteAsync(default);
        }
        return portal;
    }

    private static async Task TruncateAsync(Portal portal, int by)
    {
        await using var file = new FileStream(portal.Folder.Checkpoints, FileMode.Open, FileAccess.Write);
        file.SetLength(file.Length + by);
    }

    private static Task<AuditReport> VerifyAsync(Portal portal) => portal.Get<AuditVerifier>().ExecuteAsync(default);

    private static async Task<(AuditFault Fault, long Sequence)> FirstAsync(Portal portal)
    {
        var report = await VerifyAsync(portal);
        report.Sound.ShouldBeFalse();
        return (report.Problems[0].Fault, report.Problems[0].Sequence);
    }

    private static async Task<string> HashAtAsync(Portal portal, long sequence)
    {
        await using var db = await portal.OpenAsync();
        return await db.AuditEvents.Where(e => e.Sequence == sequence).Select(e => e.Hash).SingleAsync();
    }

    /// <summary>Changes the actor of event <paramref name="from"/> and makes the hashes of it and its followers fit, as the portal itself computes them.</summary>
    private static async Task RehashAsync(Portal portal, long from, long to, string actorName)
    {
        var previous = await HashAtAsync(portal, from - 1);
        for (var sequence = from; sequence <= to; sequence++)
        {
            AuditEvent e;
            await using (var db = await portal.OpenAsync())
                e = await db.AuditEvents.AsNoTracking().SingleAsync(x => x.Sequence == sequence);
            var name = sequence == from ? actorName : e.ActorName;
            var hash = AuditHash.Compute(e.Sequence, e.Time, e.ActorId, name, e.Action, e.Subject, e.Payload, previous);
            await portal.ExecuteSqlAsync($"UPDATE AuditEvents SET ActorName = '{name}', PreviousHash = '{previous}', Hash = '{hash}' WHERE Sequence = {sequence}");
            previous = hash;
        }
    }
}
