using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Account;

internal static class AccountEndpoints
{
    public static void MapAccount(this IEndpointRouteBuilder endpoints) =>
        // The form parameter makes the endpoint a form endpoint, which the antiforgery middleware then guards.
        endpoints.MapPost("/account/sign-out", async (SignInManager<PortalUser> signIn, [FromForm] string? returnUrl) =>
        {
            await signIn.SignOutAsync();
            return Results.LocalRedirect(LocalUrl.OrHome(returnUrl ?? "/account/sign-in"));
        }).RequireAuthorization();
}
