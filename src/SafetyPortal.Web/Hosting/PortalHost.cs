using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Console;
using Radzen;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Data;
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

/// <summary>Makes the host that <c>dotnet run</c>, <c>portal serve</c> and the tests start.</summary>
public static class PortalHost
{
    /// <summary>Returns a host that is ready to start: configured, with database, models and, in demo mode, the demo accounts.</summary>
    /// <exception cref="DemoOnOpenAddressException">Demo mode is on for an address that other machines can reach.</exception>
    /// <exception cref="InvalidDataException">A setting has another form than expected.</exception>
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

        // Standard output is for what the command prints, which may be JSON.
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
        // For pages alone: a refused form post keeps its status code.
        app.UseWhen(
            context => HttpMethods.IsGet(context.Request.Method),
            pages => pages.UseStatusCodePagesWithReExecute("/not-found", createScopeForStatusCodePages: true));
        app.UseResponseCompression();
        // Scripts and pages must be of one version, so the browser checks at each use whether its copy is the newest.
        app.UseStaticFiles(new StaticFileOptions { OnPrepareResponse = file => file.Context.Response.Headers.CacheControl = "no-cache" });
        app.UseRouting();
        // The rate limits of copies count by person, so authentication comes first.
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
        files.MapHistory();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(mode => mode.ContentSecurityFrameAncestorsPolicy = null);

        await PrepareAsync(app.Services, settings, cancellationToken);
        return app;
    }

    // Runs at every start and may be repeated.
    private static async Task PrepareAsync(IServiceProvider services, PortalSettings settings, CancellationToken cancellationToken)
    {
        var databases = services.GetRequiredService<IDbContextFactory<PortalDb>>();
        await PortalDbSetup.MigrateAsync(databases, services.GetRequiredService<TimeProvider>(), cancellationToken);
        await services.GetRequiredService<ModelRegistration>().RegisterAllAsync(cancellationToken);
        if (settings.Demo)
            services.GetRequiredService<DemoSignIns>().Accounts = await services.GetRequiredService<DemoAccounts>().EnsureAsync(cancellationToken);
    }
}
