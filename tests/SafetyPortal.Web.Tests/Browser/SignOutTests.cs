using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Tests.Browser;

/// <summary>A sign-out in one window reaches the pages that are open in the others.</summary>
[Collection(PortalCollection.Name)]
public sealed class SignOutTests(SharedPortal shared)
{
    [Fact]
    public async Task SignOut_InOneWindow_LeadsTheOthersToTheSignIn()
    {
        await using var chromium = await Chromium.StartAsync();
        await using var visitor = await chromium.VisitAsync(shared.Portal);
        await visitor.SignInAsync(Roles.Auditor);
        await visitor.OpenAsync("/history");
        await using var other = await visitor.SecondWindowAsync();
        await other.OpenAsync("/models");

        await visitor.ClickAsync("Sign out");

        await visitor.Page.WaitForURLAsync(url => url.Contains("/account/sign-in", StringComparison.Ordinal));
        await other.Page.WaitForURLAsync(url => url.Contains("/account/sign-in?returnUrl=%2Fmodels", StringComparison.Ordinal));
    }
}
