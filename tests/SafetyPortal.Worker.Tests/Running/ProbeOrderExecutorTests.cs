using Microsoft.EntityFrameworkCore;
using SafetyPortal.Erasure.RedTeam;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.RedTeam;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Trials;
using SafetyPortal.Worker.Running;

namespace SafetyPortal.Worker.Tests.Running;

public sealed class ProbeOrderExecutorTests
{
    [Fact]
    public async Task Execute_RevivalAndNoise_StoresReportAndSheetsAndLeavesTheEvidence()
    {
        await using var portal = await FinishedAsync();
        var evidence = (await portal.ReadAsync()).Run.EvidenceDigest;
        var (order, administrator) = await OrderAsync(portal, ProbeCodes.Noise, ProbeCodes.Revival);
        var seen = new List<ProbeProgress>();

        (await portal.Get<ProbeOrderExecutor>().ExecuteAsync(order.Id, new Relay<ProbeProgress>(seen.Add), default)).ShouldBe(RunStatus.Succeeded);

        var view = (await portal.Get<ProbeOrderQueries>().ListAsync(administrator, portal.RequestId, default)).ShouldHaveSingleItem();
        view.Findings.ShouldNotBeNull().Probes.Select(p => (p.Code, p.AdministratorOnly)).ShouldBe([(ProbeCodes.Noise, false), (ProbeCodes.Revival, true)]);
        view.Findings.Probes.ShouldAllBe(p => p.After.N == 2 && portal.Get<IArtifactStore>().Contains(p.Sheet!));
        var report = ProbeReport.FromBytes(await portal.Get<IArtifactStore>().ReadAsync(view.Order.Report!, default));
        var run = (await portal.ReadAsync()).Run;
        (report.EvidenceDigest, report.PatchDigest).ShouldBe((run.EvidenceDigest!, run.PatchDigest!));
        run.EvidenceDigest.ShouldBe(evidence);
        seen.Select(p => p.Code).Distinct().ShouldBe([ProbeCodes.Noise, ProbeCodes.Revival]);
    }

    [Fact]
    public async Task Execute_RequestRevisedSinceThePatchWasMade_AttacksWhatThePatchIsFor()
    {
        await using var portal = await FinishedAsync();
        var (order, _) = await OrderAsync(portal, ProbeCodes.Noise);
        await using (var db = await portal.Get<IDbContextFactory<PortalDb>>().CreateDbContextAsync())
        {
            await db.EraseRequests.ExecuteUpdateAsync(
                set => set.SetProperty(r => r.ConceptName, "something the model never draws").SetProperty(r => r.EvaluationSet, "none"));
        }

        (await portal.Get<ProbeOrderExecutor>().ExecuteAsync(order.Id, null, default)).ShouldBe(RunStatus.Succeeded);
    }

    [Fact]
    public async Task Execute_AdministratorCancels_StopsAndKeepsNothing()
    {
        await using var portal = await FinishedAsync();
        var (order, administrator) = await OrderAsync(portal, [.. ProbeCodes.All]);
        var cancelled = false;
        // The probes go on only once the request to stop is stored.
        void Cancel(ProbeProgress progress)
        {
            if (!cancelled)
                portal.Get<CancelProbes>().ExecuteAsync(administrator, order.Id, default).GetAwaiter().GetResult();
            cancelled = true;
        }

        (await portal.Get<ProbeOrderExecutor>().ExecuteAsync(order.Id, new Relay<ProbeProgress>(Cancel), default)).ShouldBe(RunStatus.Cancelled);

        var view = (await portal.Get<ProbeOrderQueries>().ListAsync(administrator, portal.RequestId, default)).ShouldHaveSingleItem();
        (view.Order.Status, view.Order.Report, view.Findings).ShouldBe((RunStatus.Cancelled, null, null));
    }

    [Fact]
    public async Task Execute_HostStops_LeavesTheOrderToTheNextProcess()
    {
        await using var portal = await FinishedAsync();
        var (order, _) = await OrderAsync(portal, ProbeCodes.Noise);
        using var host = new CancellationTokenSource();

        (await portal.Get<ProbeOrderExecutor>().ExecuteAsync(order.Id, new Relay<ProbeProgress>(_ => host.Cancel()), host.Token)).ShouldBeNull();

        (await portal.Get<ProbeOrderLease>().RecoverAsync(_ => true, default)).ShouldBe([order.Id]);
        (await portal.Get<ProbeOrderExecutor>().ExecuteAsync(order.Id, null, default)).ShouldBe(RunStatus.Succeeded);
    }

    [Theory]
    [InlineData(ProbeBudget.Small)]
    [InlineData(ProbeBudget.Full)]
    public async Task Prices_OfABudget_CoverAllNineAndFollowTheRunsSampling(ProbeBudget budget)
    {
        await using var portal = await FinishedAsync();
        var evidence = await portal.EvidenceAsync();

        var settings = ProbeOrderSettings.Of(budget, evidence, images: null);
        var prices = ProbeOrderSettings.Prices(settings);

        prices.Select(p => p.Code).ShouldBe(ProbeCodes.All);
        settings.Steps.ShouldBe(2);
        // Three paintings of each image, two calls a step: the limit that the probe states.
        prices.Single(p => p.Code == ProbeCodes.Inpainting).Calls.ShouldBe(3L * 2 * 2 * settings.Images);
        prices.Single(p => p.Code == ProbeCodes.Relearning).Updates.ShouldBe(settings.RelearningSteps);
    }

    private static async Task<TinyPortal> FinishedAsync()
    {
        var portal = await TinyPortal.CreateAsync(configure: options => options.RedTeam.Enabled = false);
        (await portal.RunAsync()).ShouldBe(RunStatus.Succeeded);
        return portal;
    }

    private static async Task<(ProbeOrder Order, Actor Administrator)> OrderAsync(TinyPortal portal, params string[] probes)
    {
        var administrator = await portal.Get<DemoAccounts>().ActorAsync("administrator@demo.local", default);
        var order = await portal.Get<OrderProbes>().ExecuteAsync(
            administrator, portal.RequestId, probes, ProbeBudget.Small, "A test of the worker.", default);
        return (order, administrator);
    }
}
