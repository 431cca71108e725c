using System.Net;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Tests.Security;

[Collection(PortalCollection.Name)]
public class AccessTests(SharedPortal shared)
{
    public static TheoryData<string> Pages =>
    [
        "/", "/requests", "/requests/new", "/requests/1", "/requests/1/gallery", "/requests/1/metrics", "/requests/1/decision", "/requests/1/release",
        "/decisions", "/models", "/history", "/history/export.csv", "/history/export.jsonl", "/admin/accounts", "/account/confirm",
        "/releases/1/patch", "/requests/1/evidence.json", "/runs/1/images/x", "/runs/1/preview/x", "/drafts/pictures/x", "/requests/1/pictures/x",
        "/requests/1/evidence-pack.zip", "/red-team/1/sheets/noise", "/red-team/1/sheets/noise/veiled", "/blind/1/pictures/0", "/nowhere",
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task AnyPage_NobodySignedIn_AsksToSignIn(string path)
    {
        using var session = new Session(shared.Portal);

        await session.ShouldRedirectAsync(path, "/account/sign-in");
    }

    [Theory]
    [InlineData(
        Roles.Reviewer, "/decisions", "/history", "/history/export.csv", "/admin/accounts", "/admin/worker-keys", "/releases/1/patch",
        "/requests/1/evidence.json", "/requests/1/evidence-pack.zip")]
    [InlineData(Roles.Approver, "/requests/new", "/history", "/history/export.jsonl", "/admin/accounts", "/admin/worker-keys")]
    [InlineData(
        Roles.Auditor, "/requests/new", "/decisions", "/admin/accounts", "/admin/worker-keys", "/requests", "/releases/1/patch", "/requests/1/evidence.json")]
    [InlineData(Roles.Administrator, "/requests/new", "/decisions", "/requests", "/requests/1/edit", "/requests/1/evidence-pack.zip")]
    public async Task PageOfAnotherRole_SignedIn_IsDenied(string role, params string[] paths)
    {
        using var session = await Session.SignedInAsync(shared.Portal, role);
        foreach (var path in paths)
            await session.ShouldRedirectAsync(path, "/account/denied");
    }

    [Fact]
    public async Task EveryAnswer_CarriesTheSecurityHeaders()
    {
        using var session = new Session(shared.Portal);
        foreach (var (path, status) in new[]
        {
            ("/account/sign-in", HttpStatusCode.OK), ("/css/portal.css", HttpStatusCode.OK), ("/_framework/blazor.web.js", HttpStatusCode.OK),
            ("/health/live", HttpStatusCode.OK), ("/requests", HttpStatusCode.Redirect), ("/css/nothing.css", HttpStatusCode.Redirect),
            (Portal.Fails, HttpStatusCode.InternalServerError),
        })
        {
            var answer = await session.GetAsync(path);
            answer.StatusCode.ShouldBe(status, path);
            var policy = answer.Headers.GetValues("Content-Security-Policy").ShouldHaveSingleItem();
            policy.ShouldContain("script-src 'self';");
            policy.ShouldNotContain("unsafe-eval");
            policy.ShouldContain("style-src 'self';");
            answer.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        }
    }

    [Fact]
    public async Task UnknownPage_SignedIn_IsNotFoundWithAPage()
    {
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Reviewer);

        var answer = await session.GetAsync("/nowhere");

        answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("There is nothing here");
        answer.Headers.GetValues("Content-Security-Policy").ShouldHaveSingleItem().ShouldContain("script-src 'self';");
    }

    [Fact]
    public async Task PageThatFails_Anyone_SaysSoWithoutTheCause()
    {
        using var session = new Session(shared.Portal);

        var page = await session.ReadAsync(Portal.Fails);

        page.ShouldContain("Something went wrong");
        page.ShouldNotContain("secrets");
    }

    [Fact]
    public async Task Health_Portal_IsLiveAndReady()
    {
        using var session = new Session(shared.Portal);
        (await session.ReadAsync("/health/live")).ShouldBe("Healthy");
        (await session.ReadAsync("/health/ready")).ShouldBe("Healthy");
    }
}
