using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Web.Shell;
using SafetyPortal.Web.Tests.Browser;

namespace SafetyPortal.Web.Tests.Shell;

/// <summary>Other services over the portal's data folder make the changes, as another process would.</summary>
public sealed class RequestWatchTests : IAsyncLifetime
{
    private readonly BlockingCollection<long> heard = [];
    private Portal portal = default!;
    private Story story = default!;
    private ServiceProvider elsewhere = default!;

    public async Task InitializeAsync()
    {
        portal = await Portal.StartAsync();
        story = new Story(portal);
        elsewhere = new ServiceCollection().AddPortalRequests(portal.Get<DataFolder>()).BuildServiceProvider();
    }

    public async Task DisposeAsync()
    {
        await elsewhere.DisposeAsync();
        await portal.DisposeAsync();
        heard.Dispose();
    }

    [Fact]
    public async Task Changed_ByAnotherProcess_NamesTheRequestOncePerChange()
    {
        var model = await portal.RegisterModelAsync();
        var (church, dog) = (await story.QueuedAsync(model, ConceptKind.Object, "church"), await story.QueuedAsync(model, ConceptKind.Object, "dog"));
        await ListenAsync();
        var lease = elsewhere.GetRequiredService<RunLease>();

        var ticket = await lease.ClaimAsync(await RunIdAsync(church), "test", default);
        Heard().ShouldBe(church.Id);
        await lease.ReportAsync(ticket!, RunStage.Load, 1, 2, "halfway", null, default);
        Heard().ShouldBe(church.Id);
        await elsewhere.GetRequiredService<CancelRun>().ExecuteAsync(await portal.ActorAsync(Roles.Reviewer), dog.Id, default);
        Heard().ShouldBe(dog.Id);

        await Task.Delay(TimeSpan.FromSeconds(1.5));
        heard.ShouldBeEmpty();
    }

    [Fact]
    public async Task Changed_ClaimOfAReview_NamesTheRequestWhenItBeginsAndEnds()
    {
        var request = await story.FinishedAsync(await portal.RegisterModelAsync(), ConceptKind.Object, "church");
        await ListenAsync();
        var (claims, approver) = (elsewhere.GetRequiredService<ClaimReview>(), await portal.ActorAsync(Roles.Approver));

        await claims.TakeAsync(approver, request.Id, default);
        Heard().ShouldBe(request.Id);
        await claims.GiveBackAsync(approver, request.Id, default);
        Heard().ShouldBe(request.Id);
    }

    [Fact]
    public async Task OpenPage_RequestChangedByAnotherProcess_ShowsIt()
    {
        var request = await story.QueuedAsync(await portal.RegisterModelAsync(), ConceptKind.Object, "church");
        await using var chromium = await Chromium.StartAsync();
        await using var visitor = await chromium.VisitAsync(portal);
        await visitor.SignInAsync(Roles.Reviewer);
        await visitor.OpenAsync($"/requests/{request.Id}");
        await visitor.SeesAsync(visitor.Page.Locator("[data-run-status='Queued']"));

        var ticket = await elsewhere.GetRequiredService<RunLease>().ClaimAsync(await RunIdAsync(request), "test", default);
        await visitor.SeesAsync(visitor.Page.Locator("[data-run-status='Running']"));
        await elsewhere.GetRequiredService<RunLease>().ReportAsync(ticket!, RunStage.Load, 1, 2, "halfway", null, default);
        await visitor.SeesAsync("halfway");

        visitor.Complaints.ShouldBeEmpty();
    }

    private async Task ListenAsync()
    {
        var watch = portal.Get<RequestWatch>();
        await watch.LookAsync(default);
        watch.Changed += requests =>
        {
            foreach (var id in requests)
                heard.Add(id);
        };
    }

    private long Heard()
    {
        heard.TryTake(out var id, TimeSpan.FromSeconds(30)).ShouldBeTrue("the watch reported no change");
        return id;
    }

    private async Task<long> RunIdAsync(EraseRequest request) => (await portal.DetailsAsync(request)).Request.CurrentRunId!.Value;
}
