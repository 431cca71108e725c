using Microsoft.Playwright;
using SafetyPortal.Images;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Policies;
using SafetyPortal.Web.Hosting;
using SafetyPortal.Web.Tests.Pictures;

namespace SafetyPortal.Web.Tests.Browser;

/// <summary>
/// The main job through the pages alone, with Chromium, the worker and the embedded model. Few images and steps keep it short. The policy asks for more
/// images, so the gates fail whatever the model draws, and the approvers need a waiver.
/// </summary>
public sealed class WholeStoryTests : IAsyncLifetime
{
    private const float RunPatience = 900_000;
    private Portal portal = default!;
    private Chromium chromium = default!;

    public async Task InitializeAsync()
    {
        portal = await Portal.StartAsync(
            Path.Combine(AppRoot.Find(), "models"), worker: true,
            "--Worker:AttributionSteps=6", "--Worker:AttributionSeeds=2", "--Worker:ImageSteps=6", "--Worker:Images:Target=4", "--Worker:Images:PerConcept=1",
            "--Worker:Faithfulness:Ablations=12", "--Worker:Faithfulness:Rows=0", "--Worker:ControlImages:Target=2", "--Worker:ControlImages:PerConcept=1",
            "--Worker:Effort:GradientSteps=2");
        await portal.Get<ChangePolicy>().ExecuteAsync(
            await portal.ActorAsync(Roles.Administrator), PolicyDocument.Default with { MinSamples = 1000 }, changedFrom: 1, default);
        chromium = await Chromium.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await chromium.DisposeAsync();
        await portal.DisposeAsync();
    }

    [Fact]
    public async Task EraseRequest_FromFilingToVerifiedHistory_TakesTwoPeople()
    {
        await GrantApproverToReviewerAsync();
        await using var reviewer = await chromium.VisitAsync(portal);
        await reviewer.SignInAsync(Roles.Reviewer);

        await CancelARunAtWorkAsync(reviewer);
        var church = await FileChurchAsync(reviewer);
        await WatchThroughAReloadAsync(reviewer, church);
        await IsRefusedSelfApprovalAsync(reviewer, church);

        await using var approver = await chromium.VisitAsync(portal);
        await LookAtTheEvidenceAsync(approver, church);
        await ApproveWithAWaiverAsync(approver, church);
        await ReleaseAsync(approver, church);

        await VerifyHistoryAsync(church);
        reviewer.Complaints.ShouldBeEmpty();
        approver.Complaints.ShouldBeEmpty();
    }

    private async Task GrantApproverToReviewerAsync()
    {
        await using var administrator = await chromium.VisitAsync(portal);
        await administrator.SignInAsync(Roles.Administrator);
        await administrator.OpenAsync("/admin/accounts");
        var box = administrator.Page.GetByLabel($"Approver for {portal.Account(Roles.Reviewer).Email}");
        await box.CheckAsync();
        await administrator.OpenAsync("/admin/accounts");
        (await box.IsCheckedAsync()).ShouldBeTrue();
    }

    private static async Task CancelARunAtWorkAsync(Visitor reviewer)
    {
        await FillAsync(reviewer, "dog");
        await reviewer.ClickAsync("File and start");
        await reviewer.SeesAsync(reviewer.Page.Locator("[data-run-status='Running']"), RunPatience);
        await reviewer.ClickAsync("Cancel request");
        await reviewer.SeesAsync("Cancel this request?");
        await reviewer.ClickAsync("Cancel the request");
        await reviewer.SeesAsync(reviewer.Page.Locator("[data-run-status='Cancelled']"), RunPatience);
        await reviewer.SeesAsync("It was cancelled. A new request can be filed for the same concept.");
    }

    private static async Task<string> FileChurchAsync(Visitor reviewer)
    {
        await FillAsync(reviewer, "church");
        await reviewer.SeesAsync(reviewer.Page.Locator("[data-base-explanation]"));

        var pictures = reviewer.Page.Locator("#pictures");
        await pictures.SetInputFilesAsync(new FilePayload { Name = "huge.png", MimeType = "image/png", Buffer = ReferencePictureTests.HugePng });
        await reviewer.SeesAsync("huge.png: The image is 30,000 x 30,000");
        var picture = ImageCodec.EncodeJpeg(new Raster(128, 128, 3, [.. Enumerable.Range(0, 128 * 128 * 3).Select(i => (byte)(i * 31))]));
        await pictures.SetInputFilesAsync(new FilePayload { Name = "cut.jpg", MimeType = "image/jpeg", Buffer = picture[..(picture.Length / 2)] });
        await reviewer.SeesAsync("cut.jpg: The JPEG image is damaged or truncated");
        await pictures.SetInputFilesAsync(new FilePayload { Name = "whole.jpg", MimeType = "image/jpeg", Buffer = picture });
        await reviewer.SeesAsync(reviewer.Page.GetByAltText("Reference picture"));

        // The draft is in the database, so a reload finds everything again.
        await reviewer.SeesAsync("Draft kept.");
        await reviewer.OpenAsync("/requests/new");
        (await reviewer.Page.GetByLabel("Object", new() { Exact = true }).InputValueAsync()).ShouldBe("church");
        await reviewer.SeesAsync(reviewer.Page.GetByAltText("Reference picture"));

        // A click while the page still loads may meet an element that the circuit replaces.
        await reviewer.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        await reviewer.ClickAsync("File and start");
        await reviewer.SeesAsync(reviewer.Page.Locator("[data-run-status], [role='alert']:not(:empty)"));
        reviewer.Page.Url.ShouldNotEndWith("/new", customMessage: await reviewer.Page.Locator("main").InnerTextAsync()); // which names the refusal
        return new Uri(reviewer.Page.Url).AbsolutePath;
    }

    private static async Task FillAsync(Visitor reviewer, string concept)
    {
        await reviewer.OpenAsync("/requests/new");
        await reviewer.Page.GetByLabel("Object", new() { Exact = true }).FillAsync(concept);
        await reviewer.Page.GetByLabel("Why should it be removed?").FillAsync($"The rights to pictures of a {concept} were withdrawn.");
        await reviewer.Page.GetByLabel("Doses, in per cent").FillAsync("5");
        await reviewer.Page.GetByLabel("Seed", new() { Exact = true }).FillAsync("7");
        await reviewer.Page.GetByLabel("Seed", new() { Exact = true }).BlurAsync();
        await reviewer.SeesAsync($"“a picture of a {concept} in the style of");
    }

    private static async Task WatchThroughAReloadAsync(Visitor reviewer, string request)
    {
        await reviewer.SeesAsync(reviewer.Page.Locator("[data-run-status='Running'] [data-progress]"), RunPatience);
        await reviewer.OpenAsync(request);
        await reviewer.SeesAsync(reviewer.Page.Locator("[data-run-status]"));
        await reviewer.SeesAsync(reviewer.Page.Locator("[data-run-status='Succeeded']"), RunPatience);
        await reviewer.SeesAsync("Awaiting decision");
    }

    private static async Task IsRefusedSelfApprovalAsync(Visitor reviewer, string request)
    {
        await reviewer.OpenAsync(request + "/decision");
        await ConfirmIfStaleAsync(reviewer);
        await reviewer.SeesAsync("You filed this request; someone else must decide on it.");
        await reviewer.ClickAsync("Approve");
        await reviewer.SeesAsync(reviewer.Page.GetByRole(AriaRole.Alert).GetByText("You filed this request; someone else must decide on it."));
        await reviewer.SeesAsync("None yet.");
    }

    private static async Task LookAtTheEvidenceAsync(Visitor approver, string request)
    {
        await approver.SignInAsync(Roles.Approver);
        await approver.OpenAsync("/decisions");
        await approver.Page.GetByRole(AriaRole.Link, new() { Name = "church" }).ClickAsync();
        await approver.Page.GetByRole(AriaRole.Link, new() { Name = "See before and after" }).ClickAsync();
        var pair = approver.Page.Locator(".pair").First;
        await approver.SeesAsync(pair);
        (await pair.Locator("img.after").GetAttributeAsync("src"))!.ShouldEndWith("/veiled");
        await pair.GetByRole(AriaRole.Button, new() { Name = "Reveal", Exact = true }).ClickAsync();
        await approver.SeesAsync(approver.Page.Locator(".pair img.after:not([src$='/veiled'])"));

        var slider = pair.Locator("[data-compare]");
        await slider.FocusAsync();
        await slider.PressAsync("ArrowRight");
        (await pair.Locator(".compare").GetAttributeAsync("style"))!.ShouldContain("--split: 55%");
        await pair.GetByRole(AriaRole.Button, new() { Name = "Before", Exact = true }).ClickAsync();
        (await pair.Locator(".compare").GetAttributeAsync("style"))!.ShouldContain("--split: 100%");

        await approver.OpenAsync(request + "/metrics");
        await approver.SeesAsync("Target detected");
        await approver.SeesAsync("The other concepts, one by one");
        await approver.SeesAsync(approver.Page.Locator("svg.chart circle"));
    }

    private async Task ApproveWithAWaiverAsync(Visitor approver, string request)
    {
        await approver.OpenAsync(request + "/decision");
        await ConfirmIfStaleAsync(approver);
        await approver.ClickAsync("Approve");
        await approver.SeesAsync(approver.Page.GetByRole(AriaRole.Alert).GetByText("The gates failed; a second approver must first waive them with a reason."));

        await using (var second = await chromium.VisitAsync(portal))
        {
            var account = portal.SecondApprover;
            await second.SignInAsync(account.Email, account.Password);
            await second.OpenAsync(request + "/decision");
            await second.Page.GetByLabel("Why the failed gates may be waived").FillAsync("Few images on purpose; the curve and the gallery were looked at.");
            await second.ClickAsync("Waive the gates");
            await second.SeesAsync("Few images on purpose; the curve and the gallery were looked at.");
            await second.SeesAsync($"{account.Email} waived the gates");
        }

        await approver.OpenAsync(request + "/decision");
        await ConfirmIfStaleAsync(approver);
        await approver.ClickAsync("Approve");
        await approver.SeesAsync(approver.Page.Locator(".page-head .badge").GetByText("Approved"));
    }

    private static async Task ReleaseAsync(Visitor approver, string request)
    {
        await approver.OpenAsync(request + "/release");
        await approver.Page.GetByLabel("Point an alias to it").SelectOptionAsync("staging");
        await approver.ClickAsync("Release the patch");
        await approver.SeesAsync("this release");
        var download = await approver.Page.RunAndWaitForDownloadAsync(
            () => approver.Page.GetByRole(AriaRole.Link, new() { Name = "Download the patch" }).ClickAsync());
        new FileInfo(await download.PathAsync()).Length.ShouldBeGreaterThan(1000);
    }

    private async Task VerifyHistoryAsync(string request)
    {
        await using var auditor = await chromium.VisitAsync(portal);
        await auditor.SignInAsync(Roles.Auditor);
        await auditor.OpenAsync("/history");
        await auditor.ClickAsync("Verify the history");
        await auditor.SeesAsync("The history is sound.");

        await auditor.Page.GetByLabel("Request no.").FillAsync(request.Split('/')[^1]);
        await auditor.Page.GetByLabel("Request no.").BlurAsync();
        foreach (var action in new[]
        {
            "decision.approved", "request.filed", "request.submitted", "run.completed", "decision.denied", "waiver.granted", "release.published",
            "image.revealed",
        })
        {
            await auditor.SeesAsync(auditor.Page.Locator("summary").GetByText(action, new() { Exact = true }));
        }
    }

    // A loaded machine may take more than the five minutes for which a sign-in counts.
    private static async Task ConfirmIfStaleAsync(Visitor visitor)
    {
        await visitor.SeesAsync(visitor.Page.GetByRole(AriaRole.Heading, new() { Name = "Your decision" }));
        var confirm = visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Confirm it is you" });
        if (await confirm.CountAsync() == 0)
            return;
        await confirm.ClickAsync();
        await visitor.Page.GetByLabel("Password").FillAsync(visitor.Password);
        await visitor.ClickAsync("Confirm");
        await visitor.LiveAsync();
        await visitor.SeesAsync("Identity confirmed");
    }
}
