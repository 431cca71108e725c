using Microsoft.Playwright;

namespace SafetyPortal.Web.Tests.Browser;

/// <summary>The machine's Chromium, driven by Playwright. Waiting is generous: these tests share two cores with everything else.</summary>
public sealed class Chromium : IAsyncDisposable
{
    private const float Patience = 90_000;
    private readonly IPlaywright playwright;
    private readonly IBrowser browser;

    private Chromium(IPlaywright playwright, IBrowser browser)
    {
        this.playwright = playwright;
        this.browser = browser;
    }

    public static async Task<Chromium> StartAsync()
    {
        var driver = await Playwright.CreateAsync();
        var launched = await driver.Chromium.LaunchAsync(new()
        {
            ExecutablePath = "/usr/bin/chromium",
            Headless = true,
            Timeout = Patience,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        });
        return new Chromium(driver, launched);
    }

    /// <summary>A fresh profile: no cookies of anyone else.</summary>
    public async Task<Visitor> VisitAsync(Portal portal, int width = 1440, int height = 900, ColorScheme colours = ColorScheme.Light)
    {
        ArgumentNullException.ThrowIfNull(portal);
        var context = await browser.NewContextAsync(new()
        {
            BaseURL = portal.Address.ToString(),
            ViewportSize = new() { Width = width, Height = height },
            ColorScheme = colours,
            ReducedMotion = ReducedMotion.Reduce,
        });
        context.SetDefaultTimeout(Patience);
        context.SetDefaultNavigationTimeout(Patience);
        return new Visitor(portal, context, await context.NewPageAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await browser.DisposeAsync();
        playwright.Dispose();
    }
}
