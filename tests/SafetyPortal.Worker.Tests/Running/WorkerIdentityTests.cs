using System.Diagnostics;
using SafetyPortal.Worker.Running;

namespace SafetyPortal.Worker.Tests.Running;

public sealed class WorkerIdentityTests
{
    [Fact]
    public void IsGone_ThisProcess_IsAlive() => WorkerIdentity.IsGone(WorkerIdentity.Current).ShouldBeFalse();

    [Fact]
    public void IsGone_SameIdStartedAtAnotherTime_IsGone()
    {
        var parts = WorkerIdentity.Current.Split('/');

        WorkerIdentity.IsGone($"{parts[0]}/{parts[1]}/19990101000000").ShouldBeTrue();
    }

    [Fact]
    public void Current_SeenByAnotherProcess_HasTheSameTicksSinceBoot()
    {
        using var cut = Process.Start(new ProcessStartInfo("cut", ["-d)", "-f2", $"/proc/{Environment.ProcessId}/stat"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
        var start = cut.StandardOutput.ReadToEnd().Split(' ', StringSplitOptions.RemoveEmptyEntries)[19];

        WorkerIdentity.Current.ShouldEndWith($".{start}");
    }

    [Fact]
    public void IsGone_ProcessThatEnded_IsGone()
    {
        using var process = Process.Start("true");
        process.WaitForExit();

        WorkerIdentity.IsGone($"{Environment.MachineName}/{process.Id}/20200101000000").ShouldBeTrue();
    }

    [Theory]
    [InlineData("another-machine/1/20200101000000")]
    [InlineData("not an identity")]
    [InlineData("")]
    public void IsGone_UnknownOwner_IsLeftToItsLease(string owner) => WorkerIdentity.IsGone(owner).ShouldBeFalse();
}
