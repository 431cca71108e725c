using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Evidence;

namespace SafetyPortal.Requests.Tests.Evidence;

public class WorkerKeyTests : PortalTest
{
    private const string Stolen = "The machine was stolen.";
    private const string Found = "The machine was found again, untouched.";

    [Fact]
    public async Task List_AfterARun_NamesTheKeyItsMachineAndWhatItSigned()
    {
        await AwaitDecisionAsync();

        var row = (await Get<WorkerKeyQueries>().ListAsync(Administrator, default)).ShouldHaveSingleItem();

        (row.Key.Name, row.Key.RegisteredAt, row.Runs).ShouldBe((Environment.MachineName, Clock.GetUtcNow(), 1));
        row.Events.ShouldHaveSingleItem().Action.ShouldBe("worker-key.registered");
        await Should.ThrowAsync<NotAllowedException>(Get<WorkerKeyQueries>().ListAsync(Approver, default));
    }

    [Fact]
    public async Task WithdrawAndRestore_AKey_DecideWhetherItsEvidenceCanBeApproved()
    {
        var request = await AwaitDecisionAsync();
        var key = await KeyAsync();
        var trust = Get<TrustWorkerKey>();

        await Should.ThrowAsync<IllegalMoveException>(trust.RestoreAsync(Administrator, key, Found, default));
        await Should.ThrowAsync<NotAllowedException>(trust.WithdrawAsync(Approver, key, Stolen, default));
        await trust.WithdrawAsync(Administrator, key, Stolen, default);
        (await DenyAsync(Approver, request.Id)).ShouldBe("unknown-signer");
        await Should.ThrowAsync<IllegalMoveException>(trust.WithdrawAsync(Administrator, key, Stolen, default));
        await Should.ThrowAsync<NotAllowedException>(trust.RestoreAsync(Approver, key, Found, default));
        await Should.ThrowAsync<InvalidRequestException>(trust.RestoreAsync(Administrator, key, "because", default));
        await trust.RestoreAsync(Administrator, key, Found, default);

        (await DecideAsync(Approver, request.Id)).ShouldBe(RequestStatus.Approved);
        var events = (await Get<WorkerKeyQueries>().ListAsync(Auditor, default))[0].Events;
        events.Select(e => e.Action).ShouldBe(["worker-key.restored", "worker-key.withdrawn", "worker-key.registered"]);
        events[0].Payload.ShouldContain(Found);
    }

    [Fact]
    public async Task DemandUsable_WithAWithdrawnKey_IsRefusedUntilItIsRestored()
    {
        var signer = Get<VerdictSigner>();
        await signer.DemandUsableAsync(default);
        var key = await KeyAsync();
        await Get<TrustWorkerKey>().WithdrawAsync(Administrator, key, Stolen, default);

        (await Should.ThrowAsync<IllegalMoveException>(signer.DemandUsableAsync(default))).Message.ShouldContain(key);
        await Get<TrustWorkerKey>().RestoreAsync(Administrator, key, Found, default);

        await signer.DemandUsableAsync(default);
        (await KeyAsync()).ShouldBe(key);
    }

    private async Task<string> KeyAsync() => (await Get<WorkerKeyQueries>().ListAsync(Administrator, default)).Single().Key.Id;
}
