using System.Net;
using Microsoft.Extensions.DependencyInjection;
using SafetyPortal.Requests;
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

        var page = await (await session.GetAsync($"/requests/{shared.Story.Waiting.Id}")).Content.ReadAsStringAsync();

        page.ShouldContain($"aria-label=\"Breadcrumb\"><a href=\"{path}\">{title}</a>");
        (await session.GetAsync("/" + path)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Draft_ForItsRequester_CanBeEditedAndOnceSubmittedStarted()
    {
        var reviewer = await shared.Portal.ActorAsync(Roles.Reviewer);
        var request = await shared.Portal.Services.GetRequiredService<FileRequest>().DraftAsync(
            reviewer,
            new RequestContent
            {
                ModelVersionId = shared.Story.Waiting.ModelVersionId,
                ConceptKind = ConceptKind.Object,
                ConceptName = "lighthouse",
                ConceptPrompts = ["a picture of a lighthouse"],
                Doses = [0.01],
                Justification = "The rights were withdrawn.",
            },
            default);
        using var session = await Session.SignedInAsync(shared.Portal, Roles.Reviewer);

        var draft = await (await session.GetAsync($"/requests/{request.Id}")).Content.ReadAsStringAsync();
        await shared.Portal.Services.GetRequiredService<FileRequest>().SubmitAsync(reviewer, request.Id, default);
        var submitted = await (await session.GetAsync($"/requests/{request.Id}")).Content.ReadAsStringAsync();
        using var auditor = await Session.SignedInAsync(shared.Portal, Roles.Auditor);
        var others = await (await auditor.GetAsync($"/requests/{request.Id}")).Content.ReadAsStringAsync();

        draft.ShouldContain($"href=\"requests/{request.Id}/edit\"");
        draft.ShouldNotContain("Start the run");
        submitted.ShouldContain("Start the run");
        submitted.ShouldNotContain($"href=\"requests/{request.Id}/edit\"");
        others.ShouldContain("lighthouse");
        others.ShouldNotContain("Start the run");
    }
}
