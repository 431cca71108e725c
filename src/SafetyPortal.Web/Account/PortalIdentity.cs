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
            options.ExpireTimeSpan = PortalSessions.Length;
            options.SlidingExpiration = false;
            options.Events.OnValidatePrincipal = async context =>
            {
                if (context.Principal is not { } user || context.HttpContext.RequestServices.GetRequiredService<PortalSessions>().IsOver(user))
                    context.RejectPrincipal();
                else
                    await SecurityStampValidator.ValidatePrincipalAsync(context);
            };
            options.LoginPath = "/account/sign-in";
            options.AccessDeniedPath = "/account/denied";
            options.ReturnUrlParameter = "returnUrl";
        });

        services.Configure<SecurityStampValidatorOptions>(options =>
        {
            // A lock or a change of roles takes effect within this time.
            options.ValidationInterval = TimeSpan.FromSeconds(30);
            // The check rebuilds the principal from the database, which lacks these claims of the cookie.
            options.OnRefreshingPrincipal = context =>
            {
                foreach (var type in new[] { Actor.SignedInAtClaim, PortalSessions.IdClaim, PortalSessions.EndClaim })
                {
                    if (context.CurrentPrincipal?.FindFirst(type) is { } claim)
                        context.NewPrincipal?.Identities.First().AddClaim(claim.Clone());
                }
                return Task.CompletedTask;
            };
        });

        services.AddScoped<PasswordSignIn>();
        services.AddSingleton<PortalSessions>();
        services.AddSingleton<DemoSignIns>();
        services.AddCascadingAuthenticationState();
        services.AddScoped<AuthenticationStateProvider, RevalidatingAuthenticationState>();
        return services;
    }
}

/// <summary>The demo accounts that the sign-in page shows; empty outside demo mode.</summary>
public sealed class DemoSignIns
{
    public IReadOnlyList<DemoAccount> Accounts { get; internal set; } = [];
}
