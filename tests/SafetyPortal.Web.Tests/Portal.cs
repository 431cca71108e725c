using System.Collections.Concurrent;
using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Requests.Models;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Web.Account;
using SafetyPortal.Web.Decisions;
using SafetyPortal.Web.Hosting;

namespace SafetyPortal.Web.Tests;

/// <summary>A real portal on a free port of this machine. Disposing it deletes its data folder.</summary>
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
        Address = new Uri(Get<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    /// <summary>Cookies of the signed-in sessions by role, which tests share because the portal limits the sign-ins of a minute.</summary>
    internal IDictionary<string, CookieCollection> SignedIn { get; } = new ConcurrentDictionary<string, CookieCollection>(StringComparer.Ordinal);

    public Uri Address { get; }

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

    /// <summary>Ends this portal and starts another on the same data.</summary>
    public async Task<Portal> RestartAsync(bool demo, params string[] settings)
    {
        await app.StopAsync();
        await app.DisposeAsync();
        return await StartAsync(options with { Demo = demo, Arguments = [.. options.Arguments, .. settings] });
    }

    private static async Task<Portal> StartAsync(PortalOptions options)
    {
        var host = await PortalHost.CreateAsync(options);
        host.MapGet(Fails, (HttpContext _) => throw new InvalidOperationException("The disk is full of secrets.")).AllowAnonymous();
        await host.StartAsync();
        return new Portal(host, options);
    }

    public T Get<T>()
        where T : notnull => app.Services.GetRequiredService<T>();

    public IReadOnlyList<DemoAccount> Accounts => Get<DemoSignIns>().Accounts;

    /// <summary>The first demo account with this role.</summary>
    public DemoAccount Account(string role) => Accounts.First(account => account.Role == role);

    /// <summary>The demo approver who is not <see cref="Account"/>.</summary>
    public DemoAccount SecondApprover => Accounts.Last(account => account.Role == Roles.Approver);

    /// <summary>The person behind the account, signed in now.</summary>
    public Task<Actor> ActorAsync(string role) => Get<DemoAccounts>().ActorAsync(Account(role).Email, default);

    /// <summary>The same person as a page knows them.</summary>
    public async Task<ClaimsPrincipal> UserAsync(string role)
    {
        var actor = await ActorAsync(role);
        return new(new ClaimsIdentity([new(ClaimTypes.NameIdentifier, actor.Id), new(ClaimTypes.Name, actor.Name), new(ClaimTypes.Role, role)], "test"));
    }

    /// <summary>A model that exists in the database alone; nothing loads its weights.</summary>
    public Task<ModelVersion> RegisterModelAsync() => Get<RegisterModel>().ExecuteAsync(
        Actor.System("setup"),
        new ModelDescription("demo", "demo", new string('a', 64), ["fish", "dog", "church", "trumpet", "house"], ["noto", "sketch"], DrawsNudity: true),
        default);

    /// <summary>A draft of the reviewer.</summary>
    public async Task<EraseRequest> DraftAsync(long model, ConceptKind kind, string name, params string[] pictures) => await Get<FileRequest>().DraftAsync(
        await ActorAsync(Roles.Reviewer),
        new RequestContent
        {
            ModelVersionId = model,
            ConceptKind = kind,
            ConceptName = name,
            ConceptPrompts = [$"a picture of {name}"],
            Doses = [0.01],
            Justification = "The rights were withdrawn.",
            ReferenceImages = pictures,
        },
        default);

    /// <summary>The request as it is now, with its runs and decisions.</summary>
    public async Task<RequestDetails> DetailsAsync(EraseRequest request) => (await Get<RequestQueries>().GetAsync(request.RequesterId, request.Id, default))!;

    /// <summary>The request's newest run with its evidence.</summary>
    public async Task<(Run Run, EvidenceDocument Evidence)> EvidenceAsync(EraseRequest request)
    {
        var run = (await DetailsAsync(request)).Request.CurrentRun!;
        return (run, (await Get<EvidenceReader>().ReadAsync(run, default))!);
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        Directory.Delete(options.DataFolder!, recursive: true);
    }
}
