using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Evidence;

namespace SafetyPortal.Requests.Tests.Evidence;

public class WorkerKeyTests
{
    private const string Reason = "The machine was found again, untouched.";

    [Fact]
    public async Task List_AfterARun_NamesTheKeyItsMachineAndWhatItSigned()
    {
        await using var portal = await Portal.CreateAsync();
        await portal.AwaitDecisionAsync();

        var row = (await portal.Get<WorkerKeyQueries>().ListAsync(portal.Administrator, default)).ShouldHaveSingleItem();

        (row.Key.Name, row.Key.RegisteredAt, row.Runs).ShouldBe((Environment.MachineName, portal.Clock.GetUtcNow(), 1));
        row.Events.ShouldHaveSingleItem().Action.ShouldBe("worker-key.registered");
        await Should.ThrowAsync<NotAllowedException>(portal.Get<WorkerKeyQueries>().ListAsync(portal.Approver, default));
    }

    [Fact]
    public async Task Restore_AWithdrawnKey_LetsItsEvidenceBeApprovedAgain()
    {
        await using var portal = await Portal.CreateAsync();
        var request = await portal.AwaitDecisionAsync();
        var key = (await portal.Get<WorkerKeyQueries>().ListAsync(portal.Administrator, default))[0].Key;
        var (trust, decide) = (portal.Get<TrustWorkerKey>(), portal.Get<DecideRequest>());
        var approval = new DecisionEntry(DecisionKind.Approve, Portal.Digest('e'));

        await Should.ThrowAsync<IllegalMoveException>(trust.RestoreAsync(portal.Administrator, key.Id, Reason, default));
        await trust.WithdrawAsync(portal.Administrator, key.Id, "The machine was stolen.", default);
        (await Should.ThrowAsync<DecisionDeniedException>(decide.ExecuteAsync(portal.Approver, request.Id, approval, default))).Verdict.Code.ShouldBe("unknown-signer");
        await Should.ThrowAsync<NotAllowedException>(trust.RestoreAsync(portal.Approver, key.Id, Reason, default));
        await Should.ThrowAsync<InvalidRequestException>(trust.RestoreAsync(portal.Administrator, key.Id, "because", default));
        await trust.RestoreAsync(portal.Administrator, key.Id, Reason, default);

        (await decide.ExecuteAsync(portal.Approver, request.Id, approval, default)).Status.ShouldBe(RequestStatus.Approved);
        var events = (await portal.Get<WorkerKeyQueries>().ListAsync(portal.Auditor, default))[0].Events;
        events.Select(e => e.Action).ShouldBe(["worker-key.restored", "worker-key.withdrawn", "worker-key.registered"]);
        events[0].Payload.ShouldContain(Reason);
    }

    [Fact]
    public async Task Sign_WithAWithdrawnKey_IsRefusedUntilItIsTrustedAgain()
    {
        await using var portal = await Portal.CreateAsync();
        await portal.SignAsync(Portal.Digest('e'), gatesPassed: true);
        var key = (await portal.Get<WorkerKeyQueries>().ListAsync(portal.Administrator, default))[0].Key;
        await portal.Get<TrustWorkerKey>().WithdrawAsync(portal.Administrator, key.Id, "The machine was stolen.", default);

        (await Should.ThrowAsync<IllegalMoveException>(portal.SignAsync(Portal.Digest('e'), gatesPassed: true))).Message.ShouldContain(key.Id);
        await Should.ThrowAsync<IllegalMoveException>(portal.Get<VerdictSigner>().DemandUsableAsync(default));
        await portal.Get<TrustWorkerKey>().RestoreAsync(portal.Administrator, key.Id, Reason, default);

        (await portal.SignAsync(Portal.Digest('e'), gatesPassed: true)).Content!.KeyId.ShouldBe(key.Id);
    }
}
