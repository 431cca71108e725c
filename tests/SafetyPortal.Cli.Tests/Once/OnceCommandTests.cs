using System.Text.Json;
using Microsoft.Data.Sqlite;
using SafetyPortal.Cli.Output;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Tests;

namespace SafetyPortal.Cli.Tests.Once;

/// <summary>The whole job on a tiny model with random weights: it cannot pass the policy, everything else is as in earnest.</summary>
public sealed class OnceCommandTests(OnceCommandTests.Undisturbed undisturbed) : IClassFixture<OnceCommandTests.Undisturbed>, IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("once");

    public static TheoryData<string> Stages => ["load", "baseline", "attribute", "ablate", "generate", "measure", "redteam", "evidence"];

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Once_GatesThatDoNotPass_IsRejectedWithReasonsAndAHistoryThatVerifies()
    {
        var result = await undisturbed.ResultAsync();

        result.ExitCode.ShouldBe(ExitCode.CheckFailed, result.Error);
        var report = JsonSerializer.Deserialize<JsonElement>(result.Output);
        report.GetProperty("decision").GetString().ShouldBe("rejected");
        report.GetProperty("auditVerified").GetBoolean().ShouldBeTrue();
        report.GetProperty("failures").GetArrayLength().ShouldBeGreaterThan(0);
        report.GetProperty("concept").GetProperty("kind").GetString().ShouldBe("object");
        string[] numbers =
        [
            "target.detection.before", "target.detection.n", "retention.mean", "retention.worst", "placebo.detection.after", "clipScore.before", "fid.value",
            "seconds.attribute", "seconds.total",
        ];
        foreach (var path in numbers)
            path.Split('.').Aggregate(report, (element, name) => element.GetProperty(name)).ValueKind.ShouldBe(JsonValueKind.Number, path);
        File.Exists(report.GetProperty("contactSheet").GetString()).ShouldBeTrue();
        var evidence = EvidenceDocument.FromBytes(await File.ReadAllBytesAsync(report.GetProperty("evidence").GetString()!));
        evidence.Verify(report.GetProperty("evidenceDigest").GetString()).ShouldBeEmpty();

        (await CommandLineRun.ToEndAsync("audit", "verify", "--data", undisturbed.Data)).ExitCode.ShouldBe(ExitCode.Success);
        (await SqlAsync(undisturbed.Data, "UPDATE AuditEvents SET ActorName = 'somebody else' WHERE Sequence = 5 RETURNING 1")).ShouldBe(1);

        var verdict = await CommandLineRun.ToEndAsync("audit", "verify", "--data", undisturbed.Data);
        verdict.ExitCode.ShouldBe(ExitCode.CheckFailed);
        verdict.Output.ShouldContain("Event 5");
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public async Task Once_KilledInAStageAndStartedAgain_EndsWithTheSameEvidence(string stage)
    {
        var expected = Digest(await undisturbed.ResultAsync());
        var data = "";

        // The last stage is short: a process that went on to its decision before the signal arrived was killed too late, and another is started.
        for (var attempt = 0; attempt == 0 || (attempt < 5 && await SqlAsync(data, "SELECT COUNT(*) FROM Decisions") > 0); attempt++)
        {
            data = Path.Combine(folder.FullName, $"killed-{attempt}");
            await KillInAsync(stage, data);
        }

        Digest(await CommandLineRun.ToEndAsync(undisturbed.Arguments(data))).ShouldBe(expected);
    }

    private async Task KillInAsync(string stage, string data)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var process = CommandLineRun.Start(_ => { }, Watch, undisturbed.Arguments(data));
        await Task.WhenAny(reached.Task, process.WaitForExitAsync());
        reached.Task.IsCompleted.ShouldBeTrue($"the process ended with {(process.HasExited ? process.ExitCode : 0)} before stage {stage}");
        process.Kill();
        await process.WaitForExitAsync();

        void Watch(string line)
        {
            if (line.StartsWith(stage + ":", StringComparison.OrdinalIgnoreCase))
                reached.TrySetResult();
        }
    }

    private static async Task<long> SqlAsync(string data, string text)
    {
        await using var db = new SqliteConnection($"Data Source={Path.Combine(data, "portal.db")};Pooling=False");
        await db.OpenAsync();
        await using var command = db.CreateCommand();
        command.CommandText = text;
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static string Digest(CommandLineResult result)
    {
        var report = JsonSerializer.Deserialize<JsonElement>(result.Output.Length > 0 ? result.Output : throw new InvalidDataException(result.Error));
        return report.GetProperty("evidenceDigest").GetString().ShouldNotBeNull(result.Output);
    }

    /// <summary>One model, and one run of the job from beginning to end, for all tests.</summary>
    public sealed class Undisturbed : IDisposable
    {
        private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("once-undisturbed");
        private readonly Lazy<Task<CommandLineResult>> result;

        public Undisturbed()
        {
            TinyModelFolder.Create(Path.Combine(folder.FullName, "models"));
            result = new(() => CommandLineRun.ToEndAsync(Arguments(Data)));
        }

        public string Data => Path.Combine(folder.FullName, "data");

        internal Task<CommandLineResult> ResultAsync() => result.Value;

        public string[] Arguments(string data) =>
        [
            "once", "--model", Path.Combine(folder.FullName, "models", TinyModelFolder.Name), "--data", data, "--concept", "object:church",
            "--dose", "0.02", "--dose", "0.05", "--whole-curve", "--targets", "2", "--per-concept", "2", "--image-steps", "2",
            "--attribution-steps", "3", "--attribution-seeds", "2", "--checks", "0", "--effort", "1", "--threads", "1", "--json",
        ];

        public void Dispose() => folder.Delete(recursive: true);
    }
}
