using System.Net;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Tests.Admin;

[Collection(PortalCollection.Name)]
public class WorkerKeysPageTests(SharedPortal shared)
{
    [Fact]
    public async Task Page_ForAnAdministrator_ListsTheKeyThatSigned()
    {
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Administrator);

        var html = await (await session.GetAsync("/admin/worker-keys")).Content.ReadAsStringAsync();

        html.ShouldContain("data-worker-key=");
        html.ShouldContain(Environment.MachineName);
        html.ShouldContain("trusted");
    }

    [Theory]
    [InlineData(Roles.Reviewer)]
    [InlineData(Roles.Approver)]
    [InlineData(Roles.Auditor)]
    public async Task Page_ForOthers_IsRefused(string role)
    {
        using var session = await Session.SignedInAsync(shared.Portal, role);

        var answer = await session.GetAsync("/admin/worker-keys");

        answer.StatusCode.ShouldNotBe(HttpStatusCode.OK);
        (await answer.Content.ReadAsStringAsync()).ShouldNotContain("data-worker-key=");
    }
}
