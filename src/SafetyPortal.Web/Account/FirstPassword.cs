using Microsoft.AspNetCore.Authorization;

namespace SafetyPortal.Web.Account;

/// <summary>Leads an account whose password an administrator has seen to the page that changes it, and to no other.</summary>
internal static class FirstPassword
{
    /// <summary>The claim of an account that still has its first password.</summary>
    public const string Claim = "safetyportal:first-password";

    public static IApplicationBuilder UseFirstPassword(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (!context.User.HasClaim(claim => string.Equals(claim.Type, Claim, StringComparison.Ordinal))
            || context.Request.Path.StartsWithSegments("/account", StringComparison.OrdinalIgnoreCase)
            || context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null)
        {
            return next(context);
        }
        if (HttpMethods.IsGet(context.Request.Method))
            context.Response.Redirect($"/account/password?returnUrl={Uri.EscapeDataString(context.Request.Path + context.Request.QueryString)}");
        else
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return Task.CompletedTask;
    });
}
