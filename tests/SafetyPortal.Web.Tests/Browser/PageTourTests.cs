using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Tests.Browser;

/// <summary>
/// Opens every page as its users do, wide and narrow, light and dark. The page shows, the console has no error (such as a breach of the content security
/// policy), the page fits the width, nothing covers anything else, and axe finds nothing. SAFETYPORTAL_SCREENSHOTS names a folder for screenshots.
/// </summary>
[Collection(PortalCollection.Name)]
public sealed class PageTourTests(SharedPortal shared)
{
    // Headings, labels and controls that cover more than a third of one another; what only screen readers see is a pixel wide.
    private const string Overlaps = """
        () => {
          const kinds = ["h1", "h2", "p", "label", "input:not([type=range])", "select", "textarea", "button", "table"];
          const shown = [...document.querySelectorAll(kinds.map(kind => `main ${kind}`).join())]
            .map(element => ({ element, box: element.getBoundingClientRect() }))
            .filter(({ element, box }) => box.width > 2 && box.height > 2 && element.checkVisibility({ visibilityProperty: true, opacityProperty: true }));
          const overlap = (a, b, from, to) => Math.max(0, Math.min(a[to], b[to]) - Math.max(a[from], b[from]));
          const area = (a, b) => overlap(a, b, "left", "right") * overlap(a, b, "top", "bottom");
          const name = element => `${element.tagName.toLowerCase()} "${(element.id || element.textContent).trim().slice(0, 30)}"`;
          const found = [];
          for (const [i, one] of shown.entries())
            for (const two of shown.slice(i + 1))
              if (!one.element.contains(two.element) && !two.element.contains(one.element)
                && area(one.box, two.box) > Math.min(area(one.box, one.box), area(two.box, two.box)) / 3)
                found.push(`${name(one.element)} and ${name(two.element)}`);
          return found;
        }
        """;

    public static TheoryData<int, ColorScheme> Windows => new() { { 1440, ColorScheme.Light }, { 360, ColorScheme.Light }, { 1440, ColorScheme.Dark } };

    [Theory]
    [MemberData(nameof(Windows))]
    public async Task EveryPage_OpenedByItsUsers_ShowsAndIsAccessible(int width, ColorScheme colours)
    {
        await using var chromium = await Chromium.StartAsync();
        var findings = new List<string>();
        foreach (var (role, pages) in Tour())
        {
            await using var visitor = await chromium.VisitAsync(shared.Portal, width, colours: colours);
            if (role is not null)
                await visitor.SignInAsync(role);
            foreach (var (name, path) in pages)
            {
                // Pages about the account, denials and unknown addresses are answered without a circuit.
                if (role is null || name is "no-access" or "not-found" or "password")
                    await visitor.Page.GotoAsync(path);
                else
                    await visitor.OpenAsync(path);
                await visitor.Page.Locator("h1").First.WaitForAsync();
                await visitor.Page.WaitForLoadStateAsync(LoadState.Load);
                await SaveAsync(visitor.Page, name, width, colours);
                findings.AddRange(await FindingsAsync(visitor, name, width));
            }
        }
        findings.ShouldBeEmpty();
    }

    private IEnumerable<(string? Role, (string Name, string Path)[] Pages)> Tour()
    {
        var (waiting, running, released) = (shared.Story.Waiting.Id, shared.Story.Running.Id, shared.Story.Released.Id);
        yield return (null, [("sign-in", "/account/sign-in")]);
        yield return (Roles.Reviewer,
        [
            ("my-requests", "/requests"), ("new-request", "/requests/new"), ("request-running", $"/requests/{running}"), ("no-access", "/history"),
            ("not-found", "/nowhere"), ("password", "/account/password"),
        ]);
        yield return (Roles.Approver,
        [
            ("to-decide", "/decisions"), ("request-finished", $"/requests/{waiting}"), ("gallery", $"/requests/{waiting}/gallery"),
            ("metrics", $"/requests/{waiting}/metrics"), ("explorer", $"/requests/{waiting}/explorer"), ("red-team", $"/requests/{waiting}/red-team"),
            ("blind", $"/requests/{waiting}/blind"), ("red-team-empty", $"/requests/{released}/red-team"),
            ("explorer-absent", $"/requests/{released}/explorer"), ("decision", $"/requests/{waiting}/decision"),
            ("release", $"/requests/{released}/release"), ("models", "/models"),
        ]);
        yield return (Roles.Auditor,
        [
            ("history", "/history"), ("blind-result", $"/requests/{waiting}/blind"), ("red-team-auditor", $"/requests/{waiting}/red-team"),
        ]);
        yield return (Roles.Administrator,
        [
            ("accounts", "/admin/accounts"), ("import-models", "/admin/models"), ("policy", "/admin/policy"), ("worker-keys", "/admin/worker-keys"),
            ("red-team-order", $"/requests/{waiting}/red-team"),
        ]);
    }

    private static async Task<IEnumerable<string>> FindingsAsync(Visitor visitor, string name, int width)
    {
        // The page of an unknown address is itself a 404; on other pages a 404 is a missing file.
        var findings = visitor.Complaints.Where(text => name != "not-found" || !text.Contains("404", StringComparison.Ordinal))
            .Select(text => $"{name} at {width}: console: {text}").ToList();
        visitor.Complaints.Clear();
        var overflow = await visitor.Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        if (overflow > 0)
            findings.Add($"{name} at {width}: {overflow} pixels wider than the window");
        foreach (var overlap in await visitor.Page.EvaluateAsync<string[]>(Overlaps))
            findings.Add($"{name} at {width}: one on the other: {overlap}");
        var axe = await visitor.Page.RunAxe();
        findings.AddRange(axe.Violations.Select(violation =>
            $"{name} at {width}: axe {violation.Id}: {violation.Help}: {string.Join("; ", violation.Nodes.Take(3).Select(node => node.Html))}"));
        return findings;
    }

    private static async Task SaveAsync(IPage page, string name, int width, ColorScheme colours)
    {
        if (Environment.GetEnvironmentVariable("SAFETYPORTAL_SCREENSHOTS") is not { Length: > 0 } folder)
            return;
        var suffix = colours == ColorScheme.Dark ? "-dark" : "";
        await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}-{width}{suffix}.png"), FullPage = true });
    }
}
