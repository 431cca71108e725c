using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Tests.Admin;

[Collection(PortalCollection.Name)]
public class WorkerKeysPageTests(SharedPortal shared)
{
    [Fact]
    public async Task Page_ForAnAdministrator_ListsTheKeyThatSigned()
    {
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Administrator);

        var html = await session.ReadAsync("/admin/worker-keys");

        html.ShouldContain("data-worker-key=");
        html.ShouldContain(Environment.MachineName);
        html.ShouldContain("trusted");
    }
}
