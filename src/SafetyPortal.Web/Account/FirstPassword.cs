using Microsoft.AspNetCore.Authorization;

namespace SafetyPortal.Web.Account;

/// <summary>A password that an administrator has seen opens one page: the one that changes it.</summary>
internal static class FirstPassword
{
    /// <summary>Claim of accounts whose password is still the one they were made with.</summary>
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
