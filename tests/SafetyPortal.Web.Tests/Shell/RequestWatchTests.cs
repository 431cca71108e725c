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

/// <summary>Changes are made through services of their own over the portal's data folder, as another process makes them.</summary>
public sealed class RequestWatchTests : IAsyncLifetime
{
    private readonly BlockingCollection<long> told = [];
    private Portal portal = default!;
    private Story story = default!;
    private ServiceProvider elsewhere = default!;

    public async Task InitializeAsync()
    {
        portal = await Portal.StartAsync();
        story = new Story(portal);
        elsewhere = new ServiceCollection().AddPortalRequests(portal.Services.GetRequiredService<DataFolder>()).BuildServiceProvider();
    }

    public async Task DisposeAsync()
    {
        await elsewhere.DisposeAsync();
        await portal.DisposeAsync();
        told.Dispose();
    }

    [Fact]
    public async Task Changed_ByAnotherProcess_NamesTheRequestOncePerChange()
    {
        var model = await portal.RegisterModelAsync();
        var (church, dog) = (await story.QueuedAsync(model, ConceptKind.Object, "church"), await story.QueuedAsync(model, ConceptKind.Object, "dog"));
        await ListenAsync();
        var lease = elsewhere.GetRequiredService<RunLease>();

        var ticket = await lease.ClaimAsync((await RunAsync(church)).Id, "test", default);
        Told().ShouldBe(church.Id);
        await lease.ReportAsync(ticket!, RunStage.Load, 1, 2, "halfway", null, default);
        Told().ShouldBe(church.Id);
        await elsewhere.GetRequiredService<CancelRun>().ExecuteAsync(await portal.ActorAsync(Roles.Reviewer), dog.Id, default);
        Told().ShouldBe(dog.Id);

        await Task.Delay(TimeSpan.FromSeconds(1.5));
        told.ShouldBeEmpty();
    }

    [Fact]
    public async Task Changed_ClaimOfAReview_IsToldWhenItBeginsAndWhenItEnds()
    {
        var request = await story.FinishedAsync(await portal.RegisterModelAsync(), ConceptKind.Object, "church");
        await ListenAsync();
        var (claims, approver) = (elsewhere.GetRequiredService<ClaimReview>(), await portal.ActorAsync(Roles.Approver));

        await claims.TakeAsync(approver, request.Id, default);
        Told().ShouldBe(request.Id);
        await claims.GiveBackAsync(approver, request.Id, default);
        Told().ShouldBe(request.Id);
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

        var ticket = await elsewhere.GetRequiredService<RunLease>().ClaimAsync((await RunAsync(request)).Id, "test", default);
        await visitor.SeesAsync(visitor.Page.Locator("[data-run-status='Running']"));
        await elsewhere.GetRequiredService<RunLease>().ReportAsync(ticket!, RunStage.Load, 1, 2, "halfway", null, default);
        await visitor.SeesAsync("halfway");

        visitor.Complaints.ShouldBeEmpty();
    }

    private async Task ListenAsync()
    {
        var watch = portal.Services.GetRequiredService<RequestWatch>();
        await watch.LookAsync(default);
        watch.Changed += requests =>
        {
            foreach (var id in requests)
                told.Add(id);
        };
    }

    private long Told()
    {
        told.TryTake(out var id, TimeSpan.FromSeconds(30)).ShouldBeTrue("the watch told of no change");
        return id;
    }

    private async Task<Run> RunAsync(EraseRequest request)
    {
        var details = await portal.Services.GetRequiredService<SafetyPortal.Requests.Filing.RequestQueries>().GetAsync(request.RequesterId, request.Id, default);
        return details!.Request.CurrentRun!;
    }
}
