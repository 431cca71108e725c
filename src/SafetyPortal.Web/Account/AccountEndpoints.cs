using Microsoft.AspNetCore.Identity;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Account;

internal static class AccountEndpoints
{
    public static void MapAccount(this IEndpointRouteBuilder endpoints)
    {
        // Reading the form makes this a form endpoint, so that the antiforgery middleware refuses a post without a token.
        endpoints.MapPost("/account/sign-out", async (IFormCollection _, HttpContext context, SignInManager<PortalUser> signIn, PortalSessions sessions) =>
        {
            var user = context.User;
            sessions.End(user);
            // The page that posted leaves with the answer; the other open pages follow when it has been sent.
            context.Response.OnCompleted(() =>
            {
                sessions.Announce(user);
                return Task.CompletedTask;
            });
            await signIn.SignOutAsync();
            return Results.LocalRedirect("/account/sign-in");
        }).RequireAuthorization();

        // A person who signs out after the session has ended signs in first, and the sign-in leads back here.
        endpoints.MapGet("/account/sign-out", () => Results.LocalRedirect("/")).RequireAuthorization();
    }
}
