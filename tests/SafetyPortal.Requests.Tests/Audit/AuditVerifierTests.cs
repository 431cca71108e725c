using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Signing;

namespace SafetyPortal.Requests.Tests.Audit;

public class AuditVerifierTests : TwentyEventsTest
{
    private const string Swap12And13 =
        "UPDATE AuditEvents SET Sequence = 100 WHERE Sequence = 12; UPDATE AuditEvents SET Sequence = 12 WHERE Sequence = 13; "
        + "UPDATE AuditEvents SET Sequence = 13 WHERE Sequence = 100";

    [Fact]
    public async Task Verify_UntouchedHistory_IsSoundAndCountsWhatIsNotYetAnchored()
    {
        var report = await VerifyAsync();

        report.Problems.ShouldBeEmpty();
        (report.EventCount, report.AnchoredCount, report.NotYetAnchored, report.CheckpointCount).ShouldBe((20, 16, 4, 2));
    }

    [Theory]
    [InlineData("UPDATE AuditEvents SET ActorName = 'someone else' WHERE Sequence = 12", AuditFault.ChangedField, 12)]
    [InlineData("UPDATE AuditEvents SET ActorId = 'x' WHERE Sequence = 12", AuditFault.ChangedField, 12)]
    [InlineData("UPDATE AuditEvents SET Action = 'x' WHERE Sequence = 12", AuditFault.ChangedField, 12)]
    [InlineData("UPDATE AuditEvents SET Subject = 'x' WHERE Sequence = 12", AuditFault.ChangedField, 12)]
    [InlineData("UPDATE AuditEvents SET RequestId = 99 WHERE Sequence = 12", AuditFault.ChangedField, 12)]
    [InlineData("UPDATE AuditEvents SET Payload = '[]' WHERE Sequence = 12", AuditFault.ChangedField, 12)]
    [InlineData("UPDATE AuditEvents SET Time = Time + 1 WHERE Sequence = 12", AuditFault.ChangedField, 12)]
    [InlineData("UPDATE AuditEvents SET PreviousHash = Hash WHERE Sequence = 12", AuditFault.ChangedField, 12)]
    [InlineData("UPDATE AuditEvents SET Hash = PreviousHash WHERE Sequence = 12", AuditFault.ChangedField, 12)]
    [InlineData(Swap12And13, AuditFault.Reordered, 12)]
    [InlineData("UPDATE AuditEvents SET Sequence = 21 WHERE Sequence = 12", AuditFault.Reordered, 12)]
    // A search that tried every number below these would not end.
    [InlineData("UPDATE AuditEvents SET Sequence = 1000000000000 WHERE Sequence = 20", AuditFault.Reordered, 20)]
    [InlineData("UPDATE AuditEvents SET Sequence = 9007199254740993 WHERE Sequence = 20", AuditFault.Reordered, 20)]
    [InlineData("DELETE FROM AuditEvents WHERE Sequence = 1", AuditFault.Missing, 1)]
    [InlineData("DELETE FROM AuditEvents WHERE Sequence = 12", AuditFault.Missing, 12)]
    [InlineData("DELETE FROM AuditEvents WHERE Sequence = 19", AuditFault.Missing, 19)]
    [InlineData("DELETE FROM AuditEvents WHERE Sequence > 14", AuditFault.CutTail, 15)]
    [InlineData("DELETE FROM AuditEvents", AuditFault.CutTail, 1)]
    public async Task Verify_TableChanged_ReportsTheFaultAndItsFirstEvent(string sql, AuditFault fault, long sequence)
    {
        await ExecuteSqlAsync(sql);

        (await FirstAsync()).ShouldBe((fault, sequence));
    }

    [Fact]
    public async Task Verify_EventDeletedAndRestRenumbered_ReportsMissing()
    {
        await ExecuteSqlAsync("DELETE FROM AuditEvents WHERE Sequence = 12");
        for (var sequence = 13; sequence <= 20; sequence++)
            await ExecuteSqlAsync($"UPDATE AuditEvents SET Sequence = {sequence - 1} WHERE Sequence = {sequence}");

        (await FirstAsync()).ShouldBe((AuditFault.Missing, 12));
    }

    // Checkpoints cover events 1 to 10 and 1 to 16: with all hashes anew, the change at 12 is somewhere in 11 to 16.
    [Theory]
    [InlineData(12, AuditFault.ChangedField, 12)]
    [InlineData(20, AuditFault.RewrittenLog, 11)]
    public async Task Verify_ChangedAndHashesComputedAnew_ReportsWhereTheyStopFitting(long to, AuditFault fault, long sequence)
    {
        await ForgeAsync(to);

        (await FirstAsync()).ShouldBe((fault, sequence));
    }

    [Fact]
    public async Task Verify_CheckpointSignedWithAnotherKey_ReportsForged()
    {
        await ForgeAsync(to: 20);
        using var stranger = NewKey();
        var first = (await LinesAsync())[0];
        var forged = AuditCheckpoint.Sign(16, (await EventAsync(16)).Hash, Clock.GetUtcNow(), CanonicalJson.DigestOfText(first), stranger);
        await WriteLinesAsync(first, CanonicalJson.Serialize(forged));

        (await FirstAsync()).ShouldBe((AuditFault.ForgedCheckpoint, 2));
    }

    [Theory]
    [InlineData("\"count\":16", "\"count\":15")]
    [InlineData("\"count\":16", "\"cnt\":16")]
    [InlineData("\"count\":16", "\"count\":9007199254740993")]
    [InlineData("{", "")]
    public async Task Verify_CheckpointLineEdited_ReportsForged(string find, string replace)
    {
        var lines = await LinesAsync();
        await WriteLinesAsync(lines[0], lines[1].Replace(find, replace, StringComparison.Ordinal));

        (await FirstAsync()).ShouldBe((AuditFault.ForgedCheckpoint, 2));
    }

    [Fact]
    public async Task Verify_CheckpointLineTakenOut_ReportsForged()
    {
        await WriteLinesAsync((await LinesAsync())[1..]);

        (await FirstAsync()).ShouldBe((AuditFault.ForgedCheckpoint, 1));
    }

    [Fact]
    public async Task Verify_WhileACheckpointIsWritten_WaitsForIt()
    {
        Task<AuditReport> report;
        await using (new FileStream(Folder.Checkpoints, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            report = Task.Run(VerifyAsync);
            await Task.Delay(100);
            report.IsCompleted.ShouldBeFalse();
        }

        (await report).Problems.ShouldBeEmpty();
    }

    [Fact]
    public void SigningKey_OnFirstUse_IsReadableByItsOwnerAlone()
    {
        Get<SigningKey>();

        if (!OperatingSystem.IsWindows())
            File.GetUnixFileMode(Folder.AuditKey).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
