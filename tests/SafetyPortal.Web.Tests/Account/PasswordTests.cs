using System.Net;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Web.Admin;

namespace SafetyPortal.Web.Tests.Account;

/// <summary>Uses a portal of its own, because a portal limits the forms that one address posts in a minute.</summary>
public sealed class PasswordTests : IAsyncLifetime
{
    private const string Own = "four words in a row";
    private Portal portal = default!;

    public async Task InitializeAsync() => portal = await Portal.StartAsync();

    public async Task DisposeAsync() => await portal.DisposeAsync();

    [Fact]
    public async Task FirstSignIn_WithAGivenPassword_LeadsToItsChangeAndNowhereElse()
    {
        var (name, given) = await CreateAsync([Roles.Auditor]);
        using var session = new Session(portal);
        await session.SignInAsync(name, given);

        foreach (var path in new[] { "/history", "/history/export.csv", "/nowhere" })
            await session.ShouldRedirectAsync(path, "/account/password?returnUrl=");
        (await session.PostAsync("/history", [])).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        var changed = await ChangeAsync(session, given, Own, Own);

        changed.StatusCode.ShouldBe(HttpStatusCode.Redirect, await changed.Content.ReadAsStringAsync());
        (await session.StatusAsync("/history")).ShouldBe(HttpStatusCode.OK);
        using var again = new Session(portal);
        (await again.SignInAsync(name, given)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await again.SignInAsync(name, Own)).StatusCode.ShouldBe(HttpStatusCode.Redirect);
        (await again.StatusAsync("/history")).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Change_ThatDoesNotDo_SaysWhyAndKeepsThePassword()
    {
        var (name, given) = await CreateAsync([Roles.Auditor]);
        using var session = new Session(portal);
        await session.SignInAsync(name, given);

        foreach (var (present, wanted, repeated, why) in new[]
        {
            ("not the password", Own, Own, "do not match"), (given, "short", "short", "12 characters"), (given, Own, Own + "!", "differ"),
            (given, given, given, "choose another"),
        })
        {
            var answer = await ChangeAsync(session, present, wanted, repeated);
            answer.StatusCode.ShouldBe(HttpStatusCode.OK, why);
            WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync()).ShouldContain(why);
        }

        using var again = new Session(portal);
        (await again.SignInAsync(name, given)).StatusCode.ShouldBe(HttpStatusCode.Redirect);
    }

    [Fact]
    public async Task Models_AccountWithoutARole_AreDenied()
    {
        var (name, given) = await CreateAsync([]);
        using var session = new Session(portal);
        await session.SignInAsync(name, given);
        await ChangeAsync(session, given, Own, Own);

        await session.ShouldRedirectAsync("/models", "/account/denied");
    }

    private static Task<HttpResponseMessage> ChangeAsync(Session session, string present, string wanted, string repeated) => session.PostFormAsync(
        "/account/password",
        new() { ["_handler"] = "change-password", ["Input.Present"] = present, ["Input.Wanted"] = wanted, ["Input.Repeated"] = repeated });

    private async Task<(string Name, string Password)> CreateAsync(string[] roles)
    {
        var name = $"{Guid.NewGuid():N}@example.org";
        var password = await portal.Get<AccountChanges>().CreateAsync(
            await portal.ActorAsync(Roles.Administrator), name, "New Person", roles, default);
        return (name, password);
    }
}
