using System.CommandLine;
using SafetyPortal.Cli.Commands;
using SafetyPortal.Cli.Output;

namespace SafetyPortal.Cli.Tests.Output;

[Collection(nameof(InProcess))]
public sealed class FailuresTests
{
    [Fact]
    public async Task SetGuardedAction_BodyThatNeverAwaits_IsReachedByCancellation()
    {
        var json = CommonOptions.Json();
        var command = new Command("wait") { json };
        command.SetGuardedAction(json, (_, cancellation) =>
        {
            cancellation.WaitHandle.WaitOne(TimeSpan.FromSeconds(30));
            cancellation.ThrowIfCancellationRequested();
            return Task.FromResult(ExitCode.Success);
        });
        using var stop = new CancellationTokenSource();

        var running = command.Parse([]).InvokeAsync(configuration: null, stop.Token);
        await stop.CancelAsync();

        (await running).ShouldBe(ExitCode.Cancelled);
    }
}
