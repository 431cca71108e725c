using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Web.Security;

namespace SafetyPortal.Web.Tests.Security;

public class RateLimitsTests
{
    [Fact]
    public async Task Copies_MoreAtOnceThanAllowed_AreRefusedUntilOneIsDone()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddPortalRateLimits();
        await using var app = builder.Build();
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var arrived = new SemaphoreSlim(0);
        app.UseRateLimiter();
        app.MapGet("/copy", async () =>
        {
            arrived.Release();
            await release.Task;
            return Results.Ok();
        }).RequireRateLimiting(RateLimits.Copies);
        await app.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };

        var first = client.GetAsync(new Uri("/copy", UriKind.Relative));
        var second = client.GetAsync(new Uri("/copy", UriKind.Relative));
        await arrived.WaitAsync();
        await arrived.WaitAsync();
        (await client.GetAsync(new Uri("/copy", UriKind.Relative))).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        release.SetResult();

        (await first).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await second).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await client.GetAsync(new Uri("/copy", UriKind.Relative))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task RunAsync_SecondOfTheSamePerson_IsRefusedUntilTheFirstIsDone()
    {
        var one = new OneAtATime();
        var (ada, ben) = (new Actor("ada", "Ada"), new Actor("ben", "Ben"));
        var release = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);

        var first = one.RunAsync(ada, () => release.Task);
        await Should.ThrowAsync<NotAllowedException>(() => one.RunAsync(ada, () => Task.FromResult(2)));
        (await one.RunAsync(ben, () => Task.FromResult(3))).ShouldBe(3);
        release.SetResult(1);

        (await first).ShouldBe(1);
        (await one.RunAsync(ada, () => Task.FromResult(4))).ShouldBe(4);
    }
}
