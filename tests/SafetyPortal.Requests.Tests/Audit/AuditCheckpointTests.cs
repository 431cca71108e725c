using Microsoft.Extensions.Logging.Abstractions;
using SafetyPortal.Requests.Audit;

namespace SafetyPortal.Requests.Tests.Audit;

public class AuditCheckpointTests : TwentyEventsTest
{
    [Fact]
    public async Task WriteCheckpoint_HistoryRewritten_RefusesToSign()
    {
        await ForgeAsync(to: 20);

        await Should.ThrowAsync<BrokenHistoryException>(WriteAsync());
    }

    [Fact]
    public async Task WriteCheckpoint_NothingNew_WritesNothing()
    {
        (await WriteAsync()).ShouldNotBeNull().Count.ShouldBe(20);

        (await WriteAsync()).ShouldBeNull();

        (await LinesAsync()).Length.ShouldBe(3);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    public async Task WriteCheckpoint_LastLineTorn_ReportsItAsTornAndPutsTheNextInItsPlace(int cut)
    {
        await using (var file = new FileStream(Folder.Checkpoints, FileMode.Open, FileAccess.Write))
            file.SetLength(file.Length - cut);
        // Without its last byte the line is still whole.
        if (cut > 1)
            (await FirstAsync()).ShouldBe((AuditFault.TornCheckpoint, 2));

        await WriteAsync();

        var report = await VerifyAsync();
        report.Problems.ShouldBeEmpty();
        (report.AnchoredCount, report.CheckpointCount).ShouldBe((20, cut == 1 ? 3 : 2));
    }

    [Fact]
    public async Task WriteCheckpoint_LastLineJunkAndHistoryRewritten_ComparesWithTheLineBefore()
    {
        await ForgeAsync(to: 20);
        await File.AppendAllTextAsync(Folder.Checkpoints, "junk\n");

        await Should.ThrowAsync<BrokenHistoryException>(WriteAsync());
    }

    [Fact]
    public async Task WriteCheckpoint_NoGenuineLine_RefusesToSign()
    {
        await WriteLinesAsync("junk");

        (await Should.ThrowAsync<BrokenHistoryException>(WriteAsync())).Message.ShouldContain(Folder.Checkpoints);
    }

    [Fact]
    public async Task Stop_EventsNotYetAnchored_WritesTheLastCheckpoint()
    {
        await StartAndStopAsync();

        (await LinesAsync()).Length.ShouldBe(3);
        (await VerifyAsync()).NotYetAnchored.ShouldBe(0);
    }

    [Fact]
    public async Task Stop_BrokenHistory_SignsNothingAndDoesNotThrow()
    {
        await ExecuteSqlAsync("DELETE FROM AuditEvents WHERE Sequence > 10");

        await StartAndStopAsync();

        (await LinesAsync()).Length.ShouldBe(2);
    }

    private Task<AuditCheckpoint?> WriteAsync() => Get<WriteCheckpoint>().ExecuteAsync(default);

    private async Task StartAndStopAsync()
    {
        using var schedule = new CheckpointSchedule(Get<WriteCheckpoint>(), TimeProvider.System, NullLogger<CheckpointSchedule>.Instance);
        await schedule.StartAsync(default);
        await schedule.StopAsync(default);
    }
}
