using System.CommandLine;
using SafetyPortal.Cli.Commands;
using SafetyPortal.Cli.Output;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Filing;

namespace SafetyPortal.Cli.Tests.Output;

[Collection(nameof(InProcess))]
public sealed class FailuresTests
{
    public static TheoryData<Exception, int> Refusals => new()
    {
        { new DuplicateRequestException(3, "Request 3 is open."), ExitCode.BadInput },
        { new BrokenHistoryException("The history is broken."), ExitCode.CheckFailed },
        { new IllegalMoveException("A rejected request cannot be approved."), ExitCode.CheckFailed },
        {
            new DecisionDeniedException(new ApprovalVerdict(Allowed: false, "own-request", "The requester decides nothing.", QuorumMet: false)),
            ExitCode.CheckFailed
        },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Guard_RefusalOfARule_IsAnOutcomeAndNoErrorOfTheProgram(Exception refusal, int expected)
    {
        var (error, text) = (Console.Error, new StringWriter());
        Console.SetError(text);
        try
        {
            (await Failures.Guard(json: false, () => throw refusal)).ShouldBe(expected);
        }
        finally
        {
            Console.SetError(error);
        }

        text.ToString().ShouldBe($"portal: {refusal.Message}{Environment.NewLine}");
    }

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
