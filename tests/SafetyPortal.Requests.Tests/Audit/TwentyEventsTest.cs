using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Audit;

namespace SafetyPortal.Requests.Tests.Audit;

/// <summary>
/// Gives each test a history of twenty events with checkpoints after the tenth and the sixteenth, and tampers with it as a person with full access to
/// the disk can.
/// </summary>
public abstract class TwentyEventsTest : PortalTest
{
    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        for (var n = (await ActionsAsync()).Count + 1; n <= 20; n++)
        {
            await Get<RecordEvent>().ExecuteAsync(Actor.System("test"), "history.exported", $"request/{n}", new { n }, default);
            if (n is 10 or 16)
                await Get<WriteCheckpoint>().ExecuteAsync(default);
        }
    }

    private protected Task<AuditReport> VerifyAsync() => Get<AuditVerifier>().ExecuteAsync(default);

    /// <summary>The first problem that a verification finds.</summary>
    private protected async Task<(AuditFault Fault, long Sequence)> FirstAsync()
    {
        var report = await VerifyAsync();
        report.Sound.ShouldBeFalse();
        return (report.Problems[0].Fault, report.Problems[0].Sequence);
    }

    private protected Task<string[]> LinesAsync() => File.ReadAllLinesAsync(Folder.Checkpoints);

    private protected Task WriteLinesAsync(params string[] lines) => File.WriteAllLinesAsync(Folder.Checkpoints, lines);

    private protected async Task<AuditEvent> EventAsync(long sequence)
    {
        await using var db = await OpenAsync();
        return await db.AuditEvents.AsNoTracking().SingleAsync(e => e.Sequence == sequence);
    }

    /// <summary>Changes the actor of event 12, and computes its hash and those of its followers up to <paramref name="to"/> anew.</summary>
    private protected async Task ForgeAsync(long to)
    {
        var previous = (await EventAsync(11)).Hash;
        for (var sequence = 12; sequence <= to; sequence++)
        {
            var e = await EventAsync(sequence);
            e = e with { ActorName = sequence == 12 ? "forged" : e.ActorName, PreviousHash = previous };
            previous = AuditHash.Of(e);
            await ExecuteSqlAsync(
                $"UPDATE AuditEvents SET ActorName = '{e.ActorName}', PreviousHash = '{e.PreviousHash}', Hash = '{previous}' WHERE Sequence = {sequence}");
        }
    }
}
