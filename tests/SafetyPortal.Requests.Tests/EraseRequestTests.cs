using SafetyPortal.Requests.Runs;

namespace SafetyPortal.Requests.Tests;

public class EraseRequestTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private static readonly Dictionary<string, Action<EraseRequest>> Moves = new(StringComparer.Ordinal)
    {
        ["submit"] = r => r.Submit(Now),
        ["queue"] = r => r.Queue(Run.Enqueue(1, "u", "u", Now), Now),
        ["begin"] = r => r.Begin(Now),
        ["await"] = r => r.AwaitDecision(Now),
        ["approve"] = r => r.Approve(Now),
        ["reject"] = r => r.Reject("no", Now),
        ["changes"] = r => r.RequestChanges("more", Now),
        ["release"] = r => r.Release(Now),
        ["supersede"] = r => r.Supersede(Now),
        ["revoke"] = r => r.Revoke("why", Now),
        ["fail"] = r => r.Fail("error", Now),
        ["cancel"] = r => r.Cancel(Now),
    };

    /// <summary>The moves that each status allows and where they lead. Every other move must throw.</summary>
    private static readonly Dictionary<RequestStatus, Dictionary<string, RequestStatus>> Life = new()
    {
        [RequestStatus.Draft] = new() { ["submit"] = RequestStatus.Submitted, ["cancel"] = RequestStatus.Cancelled },
        [RequestStatus.Submitted] = new() { ["queue"] = RequestStatus.Queued, ["cancel"] = RequestStatus.Cancelled },
        [RequestStatus.Queued] = new() { ["begin"] = RequestStatus.Running, ["fail"] = RequestStatus.Failed, ["cancel"] = RequestStatus.Cancelled },
        [RequestStatus.Running] = new() { ["await"] = RequestStatus.AwaitingDecision, ["fail"] = RequestStatus.Failed, ["cancel"] = RequestStatus.Cancelled },
        [RequestStatus.AwaitingDecision] = new()
        {
            ["approve"] = RequestStatus.Approved,
            ["reject"] = RequestStatus.Rejected,
            ["changes"] = RequestStatus.ChangesRequested,
            ["cancel"] = RequestStatus.Cancelled,
        },
        [RequestStatus.Approved] = new() { ["release"] = RequestStatus.Released },
        [RequestStatus.Released] = new() { ["supersede"] = RequestStatus.Superseded, ["revoke"] = RequestStatus.Revoked },
        [RequestStatus.Superseded] = new() { ["revoke"] = RequestStatus.Revoked },
        [RequestStatus.Revoked] = [],
        [RequestStatus.Failed] = new() { ["queue"] = RequestStatus.Queued, ["cancel"] = RequestStatus.Cancelled },
        [RequestStatus.Cancelled] = [],
        [RequestStatus.Rejected] = [],
        [RequestStatus.ChangesRequested] = new() { ["queue"] = RequestStatus.Queued, ["cancel"] = RequestStatus.Cancelled },
    };

    private static readonly Dictionary<RequestStatus, string> PathTo = new()
    {
        [RequestStatus.Draft] = "",
        [RequestStatus.Submitted] = "submit",
        [RequestStatus.Queued] = "submit queue",
        [RequestStatus.Running] = "submit queue begin",
        [RequestStatus.AwaitingDecision] = "submit queue begin await",
        [RequestStatus.Approved] = "submit queue begin await approve",
        [RequestStatus.Released] = "submit queue begin await approve release",
        [RequestStatus.Superseded] = "submit queue begin await approve release supersede",
        [RequestStatus.Revoked] = "submit queue begin await approve release revoke",
        [RequestStatus.Failed] = "submit queue begin fail",
        [RequestStatus.Cancelled] = "cancel",
        [RequestStatus.Rejected] = "submit queue begin await reject",
        [RequestStatus.ChangesRequested] = "submit queue begin await changes",
    };

    public static TheoryData<RequestStatus, string> EveryMoveFromEveryStatus()
    {
        var data = new TheoryData<RequestStatus, string>();
        foreach (var status in Enum.GetValues<RequestStatus>())
        {
            foreach (var move in Moves.Keys)
                data.Add(status, move);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(EveryMoveFromEveryStatus))]
    public void Move_FromAnyStatus_LeadsWhereTheLifeSaysOrThrows(RequestStatus from, string move)
    {
        var request = RequestIn(from);

        if (Life[from].TryGetValue(move, out var expected))
        {
            Moves[move](request);
            request.Status.ShouldBe(expected);
        }
        else
        {
            Should.Throw<IllegalMoveException>(() => Moves[move](request)).Message.ShouldContain(from.Describe());
            request.Status.ShouldBe(from);
        }
    }

    [Theory]
    [InlineData(RequestStatus.Draft, true)]
    [InlineData(RequestStatus.ChangesRequested, true)]
    [InlineData(RequestStatus.Submitted, false)]
    [InlineData(RequestStatus.AwaitingDecision, false)]
    [InlineData(RequestStatus.Approved, false)]
    public void Revise_InAStatus_IsAllowedOnlyWhileTheRequesterHasIt(RequestStatus status, bool allowed)
    {
        var request = RequestIn(status);
        void Revise() => request.Revise(PortalTest.Content() with { ConceptName = "tower" }, Now);

        if (allowed)
            Revise();
        else
            Should.Throw<IllegalMoveException>(Revise);

        request.ConceptName.ShouldBe(allowed ? "tower" : "church");
    }

    [Fact]
    public void File_DosesInAnyOrder_AreKeptAscending() =>
        EraseRequest.File(PortalTest.Content() with { Doses = [0.05, 0.01] }, "u", "u", "salt", Now).Doses.ShouldBe([0.01, 0.05]);

    [Fact]
    public void IsFinal_EveryStatus_IsTrueExactlyWithoutExit()
    {
        foreach (var status in Enum.GetValues<RequestStatus>())
            status.IsFinal().ShouldBe(Life[status].Count == 0, status.ToString());
    }

    private static EraseRequest RequestIn(RequestStatus status)
    {
        var request = EraseRequest.File(PortalTest.Content(), "u", "u", "salt", Now);
        foreach (var move in PathTo[status].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            Moves[move](request);
        return request;
    }
}
