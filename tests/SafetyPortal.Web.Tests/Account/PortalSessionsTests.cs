using System.Globalization;
using System.Net;
using System.Security.Claims;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Web.Account;

namespace SafetyPortal.Web.Tests.Account;

[Collection(PortalCollection.Name)]
public class PortalSessionsTests(SharedPortal shared)
{
    private readonly PortalSessions sessions = new(TimeProvider.System);

    [Fact]
    public void IsOver_SessionThatJustBegan_IsNot() => sessions.IsOver(User([.. sessions.Claims(null)])).ShouldBeFalse();

    [Fact]
    public void IsOver_SessionThatGoesOn_KeepsItsId() => PortalSessions.IdOf(User([.. sessions.Claims("7")])).ShouldBe("7");

    [Theory]
    [InlineData("7", null)]
    [InlineData(null, 60)]
    [InlineData("7", -1)]
    public void IsOver_TimeIsUpOrUnknown_IsOver(string? id, int? minutes)
    {
        var claims = new List<Claim>();
        if (id is not null)
            claims.Add(new(PortalSessions.IdClaim, id));
        if (minutes is { } left)
            claims.Add(new(PortalSessions.EndClaim, TimeProvider.System.GetUtcNow().AddMinutes(left).ToString("O", CultureInfo.InvariantCulture)));

        sessions.IsOver(User([.. claims])).ShouldBeTrue();
    }

    [Fact]
    public void End_OneSession_LeavesTheOthers()
    {
        var (one, other) = (User([.. sessions.Claims(null)]), User([.. sessions.Claims(null)]));

        sessions.End(one);

        sessions.IsOver(one).ShouldBeTrue();
        sessions.IsOver(other).ShouldBeFalse();
    }

    [Fact]
    public async Task SignOut_CopyOfTheCookie_OpensNothingAnyMore()
    {
        var account = shared.Portal.Account(Roles.Auditor);
        using var session = new Session(shared.Portal);
        await session.SignInAsync(account.Email, account.Password);
        using var copy = session.Copy();
        (await copy.StatusAsync("/history")).ShouldBe(HttpStatusCode.OK);
        using var elsewhere = new Session(shared.Portal);
        await elsewhere.SignInAsync(account.Email, account.Password);

        (await session.PostAsync("/account/sign-out", new() { ["without"] = "token" })).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        // The token of any form will do.
        var answer = await session.PostFormAsync("/account/confirm", [], to: "/account/sign-out");

        answer.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        answer.Headers.Location!.ToString().ShouldBe("/account/sign-in");
        (await copy.StatusAsync("/history")).ShouldBe(HttpStatusCode.Redirect);
        (await elsewhere.StatusAsync("/history")).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task SignOut_SessionIsOver_LeadsOverTheSignInToTheStartPage()
    {
        using var session = new Session(shared.Portal);

        var asked = await session.PostAsync("/account/sign-out", []);

        asked.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        asked.Headers.Location!.ToString().ShouldContain("/account/sign-in?returnUrl=%2Faccount%2Fsign-out");
        var account = shared.Portal.Account(Roles.Auditor);
        await session.SignInAsync(account.Email, account.Password);
        (await session.GetAsync("/account/sign-out")).Headers.Location!.ToString().ShouldBe("/");
    }

    private static ClaimsPrincipal User(Claim[] claims) => new(new ClaimsIdentity(claims, "test"));
}
