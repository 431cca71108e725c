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
        "/releases/1/patch", "/requests/1/evidence.json", "/runs/1/images/x", "/runs/1/preview/x", "/drafts/pictures/x", "/requests/1/pictures/x", "/nowhere",
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task AnyPage_NobodySignedIn_AsksToSignIn(string path)
    {
        using var session = new Session(shared.Portal);

        var answer = await session.GetAsync(path);

        answer.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        answer.Headers.Location!.ToString().ShouldContain("/account/sign-in");
    }

    [Theory]
    [InlineData(Roles.Reviewer, "/decisions", "/history", "/history/export.csv", "/admin/accounts")]
    [InlineData(Roles.Approver, "/requests/new", "/history", "/history/export.jsonl", "/admin/accounts")]
    [InlineData(Roles.Auditor, "/requests/new", "/decisions", "/admin/accounts", "/requests")]
    [InlineData(Roles.Administrator, "/requests/new", "/decisions", "/requests", "/requests/1/edit")]
    public async Task PageOfAnotherRole_SignedIn_IsDenied(string role, params string[] paths)
    {
        using var session = await Session.SignedInAsync(shared.Portal, role);
        foreach (var path in paths)
        {
            var answer = await session.GetAsync(path);
            answer.StatusCode.ShouldBe(HttpStatusCode.Redirect, path);
            answer.Headers.Location!.ToString().ShouldContain("/account/denied", customMessage: path);
        }
    }

    [Fact]
    public async Task EveryAnswer_CarriesTheSecurityHeaders()
    {
        using var session = new Session(shared.Portal);
        foreach (var (path, status) in new[]
        {
            ("/account/sign-in", HttpStatusCode.OK), ("/css/portal.css", HttpStatusCode.OK), ("/_framework/blazor.web.js", HttpStatusCode.OK), ("/health/live", HttpStatusCode.OK),
            ("/requests", HttpStatusCode.Redirect), ("/css/nothing.css", HttpStatusCode.Redirect), (Portal.Fails, HttpStatusCode.InternalServerError),
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

        var answer = await session.GetAsync(Portal.Fails);

        var page = await answer.Content.ReadAsStringAsync();
        page.ShouldContain("Something went wrong");
        page.ShouldNotContain("secrets");
    }

    [Fact]
    public async Task Health_Portal_IsLiveAndReady()
    {
        using var session = new Session(shared.Portal);
        (await (await session.GetAsync("/health/live")).Content.ReadAsStringAsync()).ShouldBe("Healthy");
        (await (await session.GetAsync("/health/ready")).Content.ReadAsStringAsync()).ShouldBe("Healthy");
    }
}
