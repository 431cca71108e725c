using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SafetyPortal.Web.Tests.Browser;

/// <summary>One person at one browser window. What the console complains about is collected.</summary>
public sealed class Visitor : IAsyncDisposable
{
    private const float Patience = 90_000;
    private readonly Portal portal;
    private readonly IBrowserContext context;

    public Visitor(Portal portal, IBrowserContext context, IPage page)
    {
        ArgumentNullException.ThrowIfNull(page);
        (this.portal, this.context, Page) = (portal, context, page);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
                Complaints.Add(message.Text);
        };
        page.PageError += (_, error) => Complaints.Add(error);
    }

    public IPage Page { get; }

    /// <summary>What was typed at the last sign-in.</summary>
    public string Password { get; private set; } = "";

    public List<string> Complaints { get; } = [];

    public async Task SignInAsync(string role) => await SignInAsync(portal.Account(role).Email, portal.Account(role).Password);

    public async Task SignInAsync(string name, string password)
    {
        Password = password;
        await Page.GotoAsync("/account/sign-in");
        await Page.GetByLabel("Account name").FillAsync(name);
        await Page.GetByLabel("Password").FillAsync(password);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await LiveAsync();
    }

    /// <summary>Another window of the same browser, with the same cookies.</summary>
    public async Task<Visitor> SecondWindowAsync() => new(portal, context, await context.NewPageAsync());

    /// <summary>Opens a page and waits until it has its circuit.</summary>
    public async Task OpenAsync(string path)
    {
        await Page.GotoAsync(path);
        await LiveAsync();
    }

    public Task LiveAsync() => Expect(Page.Locator(".shell[data-live]")).ToBeVisibleAsync(new() { Timeout = Patience });

    public Task SeesAsync(string text) => Expect(Page.GetByText(text).First).ToBeVisibleAsync(new() { Timeout = Patience });

    public Task SeesAsync(ILocator locator, float patience = Patience) => Expect(locator.First).ToBeVisibleAsync(new() { Timeout = patience });

    public Task ClickAsync(string button) => Page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).First.ClickAsync();

    public async ValueTask DisposeAsync() => await context.DisposeAsync();
}
