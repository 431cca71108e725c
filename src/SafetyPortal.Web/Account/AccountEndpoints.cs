using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Account;

internal static class AccountEndpoints
{
    public static void MapAccount(this IEndpointRouteBuilder endpoints)
    {
        // The form parameter makes the endpoint a form endpoint, which the antiforgery middleware then guards.
        endpoints.MapPost("/account/sign-out", async (HttpContext context, SignInManager<PortalUser> signIn, PortalSessions sessions, [FromForm] string? returnUrl) =>
        {
            var user = context.User;
            sessions.End(user);
            // The page that asked for it is on its way elsewhere; the others hear of it once that has its answer.
            context.Response.OnCompleted(() =>
            {
                sessions.Announce(user);
                return Task.CompletedTask;
            });
            await signIn.SignOutAsync();
            return Results.LocalRedirect(LocalUrl.OrHome(returnUrl ?? "/account/sign-in"));
        }).RequireAuthorization();

        // Whoever signs out with a session that is over signs in first and is then led back here.
        endpoints.MapGet("/account/sign-out", () => Results.LocalRedirect("/")).RequireAuthorization();
    }
}
