using Microsoft.Playwright;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Tests.Browser;

/// <summary>An approver reviews a request whose gates passed: claims it, compares with keys, approves. Another sees who holds it meanwhile.</summary>
public sealed class DecisionStoryTests : IAsyncLifetime
{
    private Portal portal = default!;
    private Chromium chromium = default!;
    private long request;

    public async Task InitializeAsync()
    {
        portal = await Portal.StartAsync();
        request = (await new Story(portal).FinishedAsync(await portal.RegisterModelAsync(), ConceptKind.Object, "church")).Id;
        chromium = await Chromium.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await chromium.DisposeAsync();
        await portal.DisposeAsync();
    }

    [Fact]
    public async Task Approve_WithGatesThatPassed_NeedsNoWaiverAndHonoursTheClaim()
    {
        await using var approver = await chromium.VisitAsync(portal);
        await approver.SignInAsync(Roles.Approver);
        await CompareWithKeysAsync(approver);

        await approver.OpenAsync($"/requests/{request}/decision");
        await approver.SeesAsync(approver.Page.Locator("[data-claim='free']"));
        await approver.Page.Locator("h1").PressAsync("c");
        await approver.SeesAsync(approver.Page.Locator("[data-claim='mine']"));
        await approver.Page.Keyboard.PressAsync("3");
        (await approver.Page.Locator("#reason").InputValueAsync()).ShouldBe("QualityTooLow");
        await ASecondIsKeptOutAsync();

        var download = await approver.Page.RunAndWaitForDownloadAsync(
            () => approver.Page.GetByRole(AriaRole.Link, new() { Name = "Download the evidence pack" }).ClickAsync());
        download.SuggestedFilename.ShouldBe($"request-{request}-evidence.zip");
        await approver.ClickAsync("Approve");
        await approver.SeesAsync(approver.Page.Locator(".page-head .badge").GetByText("Approved"));
        approver.Complaints.ShouldBeEmpty();
    }

    private async Task CompareWithKeysAsync(Visitor approver)
    {
        await approver.OpenAsync($"/requests/{request}/gallery");
        await approver.ClickAsync("Difference");
        await approver.SeesAsync(approver.Page.Locator(".compare.heat"));
        await approver.ClickAsync("Unrelated (6)");
        await approver.Page.Locator("h1").PressAsync("j");
        await approver.Page.Keyboard.PressAsync("j");
        (await approver.Page.EvaluateAsync<int>("[...document.querySelectorAll('.pair')].indexOf(document.activeElement)")).ShouldBe(1);
        await approver.Page.GetByRole(AriaRole.Button, new() { Name = "Zoom in" }).ClickAsync();
        (await approver.Page.Locator(".gallery").GetAttributeAsync("style"))!.ShouldContain("--zoom: 2");
        if (Environment.GetEnvironmentVariable("SAFETYPORTAL_SCREENSHOTS") is { Length: > 0 } folder)
            await approver.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, "gallery-difference-1440.png"), FullPage = true });

        await approver.ClickAsync("Hold to blink");
        await approver.Page.Locator(".pair").First.FocusAsync();
        await approver.Page.Keyboard.DownAsync("b");
        (await approver.Page.Locator(".compare").First.GetAttributeAsync("data-show")).ShouldBe("after");
        await approver.Page.Keyboard.UpAsync("b");
        (await approver.Page.Locator(".compare").First.GetAttributeAsync("data-show")).ShouldBe("before");

        await approver.Page.Keyboard.PressAsync("?");
        await approver.SeesAsync("No key approves anything.");
        await approver.ClickAsync("Close");
    }

    private async Task ASecondIsKeptOutAsync()
    {
        await using var second = await chromium.VisitAsync(portal);
        var account = portal.Accounts.Last(a => a.Role == Roles.Approver);
        await second.SignInAsync(account.Email, account.Password);
        await second.OpenAsync("/decisions");
        await second.SeesAsync($"reviewed by {portal.Account(Roles.Approver).Email}");
        await second.OpenAsync($"/requests/{request}/decision");
        await second.SeesAsync(second.Page.Locator("[data-claim='theirs']"));
        await second.SeesAsync(second.Page.Locator("[data-refusal]").GetByText("is reviewing this request"));
    }
}
