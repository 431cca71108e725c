using Microsoft.Extensions.Logging.Abstractions;
using SafetyPortal.Requests.Audit;

namespace SafetyPortal.Requests.Tests.Audit;

public class CheckpointScheduleTests
{
    [Fact]
    public async Task Stop_EventsNotYetAnchored_WritesTheLastCheckpoint()
    {
        await using var portal = await AuditVerifierTests.PortalWithTwentyEventsAsync();
        using var schedule = new CheckpointSchedule(portal.Get<WriteCheckpoint>(), TimeProvider.System, NullLogger<CheckpointSchedule>.Instance);

        await schedule.StartAsync(default);
        await schedule.StopAsync(default);

        (await File.ReadAllLinesAsync(portal.Folder.Checkpoints)).Length.ShouldBe(3);
        (await portal.Get<AuditVerifier>().ExecuteAsync(default)).NotYetAnchored.ShouldBe(0);
    }

    [Fact]
    public async Task Stop_BrokenHistory_SignsNothingAndDoesNotThrow()
    {
        await using var portal = await AuditVerifierTests.PortalWithTwentyEventsAsync();
        await portal.ExecuteSqlAsync("DELETE FROM AuditEvents WHERE Sequence > 10");
        using var schedule = new CheckpointSchedule(portal.Get<WriteCheckpoint>(), TimeProvider.System, NullLogger<CheckpointSchedule>.Instance);

        await schedule.StartAsync(default);
        await schedule.StopAsync(default);

        (await File.ReadAllLinesAsync(portal.Folder.Checkpoints)).Length.ShouldBe(2);
    }
}
