using System.Net;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Filing;

namespace SafetyPortal.Web.Tests.Requests;

[Collection(PortalCollection.Name)]
public class RequestPageTests(SharedPortal shared)
{
    [Theory]
    [InlineData(Roles.Reviewer, "requests", "My requests")]
    [InlineData(Roles.Approver, "decisions", "To decide")]
    [InlineData(Roles.Auditor, "history", "History")]
    [InlineData(Roles.Administrator, "admin/accounts", "Accounts")]
    public async Task Crumb_OfEachRole_LeadsWhereItMayGo(string role, string path, string title)
    {
        using var session = await Session.SignedInAsync(shared.Portal, role);

        var page = await session.ReadAsync($"/requests/{shared.Story.Waiting.Id}");

        page.ShouldContain($"aria-label=\"Breadcrumb\"><a href=\"{path}\">{title}</a>");
        (await session.StatusAsync("/" + path)).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Draft_ForItsRequester_CanBeEditedAndOnceSubmittedStarted()
    {
        var request = await shared.Portal.DraftAsync(shared.Story.Waiting.ModelVersionId, ConceptKind.Object, "lighthouse");
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Reviewer);

        var draft = await session.ReadAsync($"/requests/{request.Id}");
        await shared.Portal.Get<FileRequest>().SubmitAsync(await shared.Portal.ActorAsync(Roles.Reviewer), request.Id, default);
        var submitted = await session.ReadAsync($"/requests/{request.Id}");
        using var auditor = await Session.SignedInAsync(shared.Portal, Roles.Auditor);
        var others = await auditor.ReadAsync($"/requests/{request.Id}");

        draft.ShouldContain($"href=\"requests/{request.Id}/edit\"");
        draft.ShouldNotContain("Start the run");
        submitted.ShouldContain("Start the run");
        submitted.ShouldNotContain($"href=\"requests/{request.Id}/edit\"");
        others.ShouldContain("lighthouse");
        others.ShouldNotContain("Start the run");
    }
}
