using System.Net;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Tests.Account;

[Collection(PortalCollection.Name)]
public class ConfirmIdentityTests(SharedPortal shared)
{
    [Fact]
    public async Task Confirm_RightPassword_RenewsTheCookieAndLeadsBack()
    {
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Approver);

        var answer = await session.PostFormAsync(
            "/account/confirm?returnUrl=%2Frequests%2F2%2Fdecision",
            new() { ["_handler"] = "confirm", ["Input.Password"] = shared.Portal.Account(Roles.Approver).Password });

        answer.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        answer.Headers.Location!.ToString().ShouldEndWith("/requests/2/decision");
        answer.Headers.GetValues("Set-Cookie").ShouldContain(cookie => cookie.StartsWith("portal="));
    }

    [Fact]
    public async Task Confirm_WrongPassword_Refuses()
    {
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Auditor);

        var answer = await session.PostFormAsync("/account/confirm", new() { ["_handler"] = "confirm", ["Input.Password"] = "guess" });

        (await answer.Content.ReadAsStringAsync()).ShouldContain("do not match");
    }
}
