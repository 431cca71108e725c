using System.Net;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Tests.Account;

[Collection(PortalCollection.Name)]
public class SignInTests(SharedPortal shared)
{
    [Fact]
    public async Task SignIn_RightPassword_LeadsToTheStartPage()
    {
        using var session = new Session(shared.Portal);
        var account = shared.Portal.Account(Roles.Auditor);

        var answer = await session.SignInAsync(account.Email, account.Password);

        answer.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        answer.Headers.GetValues("Set-Cookie").ShouldContain(
            cookie => cookie.StartsWith("portal=") && cookie.Contains("httponly") && cookie.Contains("samesite=strict"));
        (await session.StatusAsync("/history")).ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("auditor@demo.local")]
    [InlineData("nobody@demo.local")]
    public async Task SignIn_WrongPasswordOrName_SaysTheSame(string name)
    {
        using var session = new Session(shared.Portal);

        await ShouldBeRefusedAsync(session, name, "not the password");
    }

    [Fact]
    public async Task SignIn_WithoutAntiforgeryToken_IsRefused()
    {
        using var session = new Session(shared.Portal);
        var account = shared.Portal.Account(Roles.Auditor);

        var answer = await session.PostAsync(
            "/account/sign-in", new() { ["_handler"] = "sign-in", ["Input.Name"] = account.Email, ["Input.Password"] = account.Password });

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task SignIn_FiveWrongPasswords_LocksTheAccount()
    {
        await using var portal = await Portal.StartAsync();
        using var session = new Session(portal);
        var account = portal.Account(Roles.Reviewer);
        for (var i = 0; i < 5; i++)
            await session.SignInAsync(account.Email, "wrong " + i);

        await ShouldBeRefusedAsync(session, account.Email, account.Password);
        // An account that does not exist is refused in the same words.
        await ShouldBeRefusedAsync(session, "nobody@demo.local", "wrong");
    }

    [Fact]
    public async Task SignIn_DemoAccountOutsideDemoMode_IsRefused()
    {
        var tried = await Portal.StartAsync();
        var account = tried.Account(Roles.Administrator);
        await using var portal = await tried.RestartAsync(demo: false);
        using var session = new Session(portal);

        await ShouldBeRefusedAsync(session, account.Email, account.Password);
    }

    [Fact]
    public async Task SignIn_ManyPostsFromOneAddress_AreSlowedDown()
    {
        await using var portal = await Portal.StartAsync();
        using var session = new Session(portal);
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 35; i++)
            answers.Add((await session.PostAsync("/account/sign-in", [])).StatusCode);

        answers.ShouldContain(HttpStatusCode.TooManyRequests);
    }

    private static async Task ShouldBeRefusedAsync(Session session, string name, string password)
    {
        var answer = await session.SignInAsync(name, password);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("Account name and password do not match, or the account is locked.");
    }
}
