using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Web.Account;
using SafetyPortal.Worker;

namespace SafetyPortal.Web.Hosting;

/// <summary>What has to be there before the first request is answered. Safe to repeat at every start.</summary>
internal static class PortalSetup
{
    public static async Task RunAsync(IServiceProvider services, PortalSettings settings, CancellationToken cancellationToken)
    {
        var databases = services.GetRequiredService<IDbContextFactory<PortalDb>>();
        await PortalDbSetup.MigrateAsync(databases, services.GetRequiredService<TimeProvider>(), cancellationToken);
        await services.GetRequiredService<ModelRegistration>().RegisterAllAsync(cancellationToken);
        if (settings.Demo)
            services.GetRequiredService<DemoSignIns>().Accounts = await services.GetRequiredService<DemoAccounts>().EnsureAsync(cancellationToken);
    }
}
