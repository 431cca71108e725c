using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Identity;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Web.Account;

internal static class PortalIdentity
{
    /// <summary>Accounts with passwords and cookies; a locked account opens again after five minutes.</summary>
    public static IServiceCollection AddPortalIdentity(this IServiceCollection services, bool requireHttps)
    {
        services.AddIdentity<PortalUser, IdentityRole>(options =>
            {
                PasswordRules.Apply(options.Password);
                options.Lockout.MaxFailedAccessAttempts = 5;
                options.Lockout.DefaultLockoutTimeSpan = TimeSpan.FromMinutes(5);
                options.Lockout.AllowedForNewUsers = true;
            })
            .AddEntityFrameworkStores<PortalDb>()
            .AddDefaultTokenProviders();

        services.ConfigureApplicationCookie(options =>
        {
            options.Cookie.Name = "portal";
            options.Cookie.HttpOnly = true;
            options.Cookie.SameSite = SameSiteMode.Strict;
            options.Cookie.SecurePolicy = requireHttps ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
            options.ExpireTimeSpan = TimeSpan.FromHours(10);
            options.LoginPath = "/account/sign-in";
            options.AccessDeniedPath = "/account/denied";
            options.ReturnUrlParameter = "returnUrl";
        });

        // The periodic check rebuilds the principal from the database, which does not know when the password was typed.
        services.Configure<SecurityStampValidatorOptions>(options => options.OnRefreshingPrincipal = context =>
        {
            if (context.CurrentPrincipal?.FindFirst(Actor.SignedInAtClaim) is { } claim)
                context.NewPrincipal?.Identities.First().AddClaim(claim.Clone());
            return Task.CompletedTask;
        });

        services.AddScoped<PasswordSignIn>();
        services.AddSingleton<DemoSignIns>();
        services.AddCascadingAuthenticationState();
        services.AddScoped<AuthenticationStateProvider, RevalidatingAuthenticationState>();
        return services;
    }
}
