using System.Collections.Concurrent;
using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Models;
using SafetyPortal.Web.Account;
using SafetyPortal.Web.Hosting;

namespace SafetyPortal.Web.Tests;

/// <summary>A real portal on a free port of this machine, with its own data folder that disappears with it.</summary>
public sealed class Portal : IAsyncDisposable
{
    /// <summary>An address at which the portal fails.</summary>
    public const string Fails = "/fails";

    private readonly WebApplication app;
    private readonly PortalOptions options;

    private Portal(WebApplication app, PortalOptions options)
    {
        this.app = app;
        this.options = options;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    /// <summary>Cookies of the sessions that were signed in by role: sign-ins are limited to so many a minute.</summary>
    internal IDictionary<string, CookieCollection> SignedIn { get; } = new ConcurrentDictionary<string, CookieCollection>(StringComparer.Ordinal);

    public Uri Address { get; }

    public IServiceProvider Services => app.Services;

    public static Task<Portal> StartAsync(string? modelRoot = null, bool worker = false, params string[] settings)
    {
        var data = Directory.CreateTempSubdirectory("portal-test-").FullName;
        return StartAsync(new PortalOptions
        {
            DataFolder = data,
            ModelRoot = modelRoot ?? Path.Combine(data, "models"),
            Url = "http://127.0.0.1:0",
            Demo = true,
            RunWorker = worker,
            Arguments = ["--Logging:LogLevel:Default=Warning", .. settings],
        });
    }

    /// <summary>Ends this portal and starts another on what it stored.</summary>
    public async Task<Portal> RestartAsync(bool demo, params string[] settings)
    {
        await app.StopAsync();
        await app.DisposeAsync();
        return await StartAsync(options with { Demo = demo, Arguments = [.. options.Arguments, .. settings] });
    }

    private static async Task<Portal> StartAsync(PortalOptions options)
    {
        var host = await PortalHost.CreateAsync(options);
        // A page that fails unexpectedly: what is answered then has no other cause that a test could count on.
        host.MapGet(Fails, (HttpContext _) => throw new InvalidOperationException("The disk is full of secrets.")).AllowAnonymous();
        await host.StartAsync();
        return new Portal(host, options);
    }

    public IReadOnlyList<DemoAccount> Accounts => Services.GetRequiredService<DemoSignIns>().Accounts;

    /// <summary>The first demo account with this role.</summary>
    public DemoAccount Account(string role) => Accounts.First(account => account.Role == role);

    /// <summary>The person behind the account, signed in now.</summary>
    public Task<Actor> ActorAsync(string role) => Services.GetRequiredService<DemoAccounts>().ActorAsync(Account(role).Email, default);

    /// <summary>The same person as a page knows them.</summary>
    public async Task<ClaimsPrincipal> UserAsync(string role)
    {
        var actor = await ActorAsync(role);
        return new(new ClaimsIdentity([new(ClaimTypes.NameIdentifier, actor.Id), new(ClaimTypes.Name, actor.Name), new(ClaimTypes.Role, role)], "test"));
    }

    /// <summary>A model that exists in the database alone; nothing loads its weights.</summary>
    public Task<ModelVersion> RegisterModelAsync(string name = "demo") => Services.GetRequiredService<RegisterModel>().ExecuteAsync(
        Actor.System("setup"),
        new ModelDescription(name, name, new string('a', 64), ["fish", "dog", "church", "trumpet", "house"], ["noto", "sketch"], DrawsNudity: true),
        default);

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        Directory.Delete(options.DataFolder!, recursive: true);
    }
}
