using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Web.Tests.Browser;

/// <summary>What the form does when filing is refused, and when the same page turns to another request.</summary>
[Collection(PortalCollection.Name)]
public sealed class RequestFormTests(SharedPortal shared)
{
    [Fact]
    public async Task File_ConceptThatIsOpenAlready_StaysOnTheFormAndLeavesNoDraft()
    {
        await using var chromium = await Chromium.StartAsync();
        await using var visitor = await chromium.VisitAsync(shared.Portal);
        await visitor.SignInAsync(Roles.Reviewer);
        await visitor.OpenAsync("/requests/new");
        var before = await CountAsync();
        await Concept(visitor).FillAsync(shared.Story.Waiting.ConceptName);
        await visitor.Page.GetByLabel("Why should it be removed?").FillAsync("The rights were withdrawn.");
        await visitor.Page.GetByLabel("Why should it be removed?").BlurAsync();

        await visitor.ClickAsync("File and start");

        await visitor.SeesAsync(visitor.Page.GetByRole(AriaRole.Alert).GetByText($"Nothing was filed: request no. {shared.Story.Waiting.Id}"));
        await visitor.SeesAsync(visitor.Page.GetByRole(AriaRole.Link, new() { Name = $"request no. {shared.Story.Waiting.Id}" }));
        (await Concept(visitor).InputValueAsync()).ShouldBe(shared.Story.Waiting.ConceptName);
        (await CountAsync()).ShouldBe(before);
        await visitor.ClickAsync("Start over");
        await visitor.SeesAsync("The draft is gone.");
    }

    [Fact]
    public async Task NewRequest_FromTheFormOfADraft_HoldsNothingOfIt()
    {
        var draft = await shared.Portal.DraftAsync(shared.Story.Waiting.ModelVersionId, ConceptKind.Object, "windmill");
        await using var chromium = await Chromium.StartAsync();
        await using var visitor = await chromium.VisitAsync(shared.Portal);
        await visitor.SignInAsync(Roles.Reviewer);
        await visitor.OpenAsync($"/requests/{draft.Id}");
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Edit", Exact = true }).ClickAsync();
        await visitor.SeesAsync(visitor.Page.GetByRole(AriaRole.Heading, new() { Name = $"Change request no. {draft.Id}" }));
        await Assertions.Expect(Concept(visitor)).ToHaveValueAsync("windmill", new() { Timeout = 90_000 });

        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "New request" }).ClickAsync();

        await visitor.SeesAsync(visitor.Page.GetByRole(AriaRole.Heading, new() { Name = "New request" }));
        await Assertions.Expect(Concept(visitor)).ToHaveValueAsync("", new() { Timeout = 90_000 });
    }

    [Theory]
    [InlineData("Why should it be removed?", "The rights were withdrawn.")]
    [InlineData("Doses, in per cent", "3")]
    public async Task Field_ThatTheReviewerLeaves_IsThereAfterAReload(string label, string text)
    {
        await using var chromium = await Chromium.StartAsync();
        await using var visitor = await chromium.VisitAsync(shared.Portal);
        await visitor.SignInAsync(Roles.Reviewer);
        await visitor.OpenAsync("/requests/new");
        var field = visitor.Page.GetByLabel(label, new() { Exact = true });

        await field.FillAsync(text);
        await field.BlurAsync();
        await visitor.SeesAsync("Draft kept.");
        await visitor.OpenAsync("/requests/new");

        await Assertions.Expect(field).ToHaveValueAsync(text, new() { Timeout = 90_000 });
        await visitor.ClickAsync("Start over");
        await visitor.SeesAsync("The draft is gone.");
    }

    private static ILocator Concept(Visitor visitor) => visitor.Page.GetByLabel("Object", new() { Exact = true });

    private async Task<int> CountAsync()
    {
        await using var db = await shared.Portal.Get<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        return await db.EraseRequests.CountAsync();
    }
}
