using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging.Console;
using Radzen;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Web.Account;
using SafetyPortal.Web.Admin;
using SafetyPortal.Web.Decisions;
using SafetyPortal.Web.History;
using SafetyPortal.Web.Pictures;
using SafetyPortal.Web.Requests;
using SafetyPortal.Web.Security;
using SafetyPortal.Web.Shell;
using SafetyPortal.Worker;

namespace SafetyPortal.Web.Hosting;

/// <summary>Puts the portal together. The same host serves <c>dotnet run</c>, the command line's <c>serve</c> and the tests.</summary>
public static class PortalHost
{
    /// <summary>Returns a host that is ready to start: configured, with database, models and, in demo mode, the demo accounts.</summary>
    /// <exception cref="DemoOnOpenAddressException">Demo mode was switched on for an address other machines can reach.</exception>
    public static async Task<WebApplication> CreateAsync(PortalOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var root = AppRoot.Find();
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            Args = options.Arguments,
            ApplicationName = typeof(PortalHost).Assembly.GetName().Name,
            ContentRootPath = root,
            WebRootPath = Path.Combine(AppContext.BaseDirectory, "wwwroot"),
        });
        builder.WebHost.UseStaticWebAssets();
        var settings = PortalSettings.Apply(builder, options, root);

        // Standard output belongs to what the command prints, which may be JSON.
        builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.AddSingleton(settings);
        builder.Services.AddPortalRequests(settings.Data);
        builder.Services.AddHostedService<CheckpointSchedule>();
        builder.Services.AddRunExecutor(settings.ForWorker(builder.Configuration));
        if (settings.RunWorker)
            builder.Services.AddRunWorker();
        builder.Services.AddPortalIdentity(requireHttps: !settings.LoopbackOnly);
        builder.Services.AddPortalPolicies();
        builder.Services.AddPortalRateLimits();
        builder.Services.AddDataProtection().SetApplicationName("SafetyPortal").PersistKeysToFileSystem(new DirectoryInfo(settings.Data.Keys));
        builder.Services.AddRazorComponents().AddInteractiveServerComponents();
        builder.Services.AddRadzenComponents();
        builder.Services.AddProblemDetails();
        builder.Services.AddResponseCompression();
        builder.Services.AddPortalHealth();
        builder.Services.AddMemoryCache();
        builder.Services.AddSingleton<EvidenceReader>().AddSingleton<DecisionDrafts>();
        builder.Services.AddSingleton<RequestDrafts>().AddSingleton<PictureFinder>().AddSingleton<PictureReveals>().AddSingleton<ReferencePicture>();
        builder.Services.AddSingleton<RequestWatch>().AddHostedService(services => services.GetRequiredService<RequestWatch>());
        builder.Services.AddSingleton<AccountChanges>().AddSingleton<ImportModel>();

        var app = builder.Build();
        app.UseKnownProxies(settings);
        app.UseSecurityHeaders();
        app.UseExceptionHandler("/error", createScopeForErrors: true);
        if (!settings.LoopbackOnly)
        {
            app.UseHsts();
            app.UseHttpsRedirection();
        }
        // Only for what a person opens: a refused form post keeps its status code.
        app.UseWhen(
            context => HttpMethods.IsGet(context.Request.Method),
            pages => pages.UseStatusCodePagesWithReExecute("/not-found", createScopeForStatusCodePages: true));
        app.UseResponseCompression();
        // A browser asks each time whether it has the newest file: scripts and pages must be of one version.
        app.UseStaticFiles(new StaticFileOptions { OnPrepareResponse = file => file.Context.Response.Headers.CacheControl = "no-cache" });
        app.UseRouting();
        // The limits of copies count by person.
        app.UseAuthentication();
        app.UseRateLimiter();
        app.UseFirstPassword();
        app.UseAuthorization();
        app.UseAntiforgery();

        app.MapPortalHealth();
        app.MapAccount();
        var files = app.MapGroup("").AddEndpointFilter<RefusalsAsProblems>();
        files.MapPictures();
        files.MapDownloads();
        files.MapEvidencePacks();
        files.MapHistory();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(mode => mode.ContentSecurityFrameAncestorsPolicy = null);

        await PortalSetup.RunAsync(app.Services, settings, cancellationToken);
        return app;
    }
}
