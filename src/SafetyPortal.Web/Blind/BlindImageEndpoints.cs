using System.Security.Claims;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Web.Decisions;
using SafetyPortal.Web.Security;

namespace SafetyPortal.Web.Blind;

/// <summary>Pictures of a deck by their place in it.</summary>
internal static class BlindImageEndpoints
{
    public static string Url(long judgement, int place, bool veiled) => $"/blind/{judgement}/pictures/{place}{(veiled ? "/veiled" : "")}";

    public static void MapBlindImages(this IEndpointRouteBuilder endpoints)
    {
        var pictures = endpoints.MapGroup("/blind/{judgementId:long}/pictures/{place:int}").RequireAuthorization(Policies.Decide);
        pictures.MapGet("", SharpAsync);
        pictures.MapGet("veiled", VeiledAsync);
    }

    private static async Task<IResult> SharpAsync(long judgementId, int place, ClaimsPrincipal user, BlindImages images, CancellationToken cancellationToken)
    {
        if (await images.FindAsync(Actor.From(user), judgementId, place, cancellationToken) is not var (digest, veiled))
            return NoSuchPicture();
        return veiled
            ? Results.Problem(
                "This picture is veiled until you reveal it on the page of the judgement.", statusCode: StatusCodes.Status403Forbidden, title: "Veiled picture",
                extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["code"] = "image-veiled" })
            : new PrivateImage(await images.ReadAsync(digest, cancellationToken), keep: false);
    }

    private static async Task<IResult> VeiledAsync(long judgementId, int place, ClaimsPrincipal user, BlindImages images, CancellationToken cancellationToken) =>
        await images.FindAsync(Actor.From(user), judgementId, place, cancellationToken) is var (digest, _)
            ? new PrivateImage(Veil.Draw(await images.ReadAsync(digest, cancellationToken), cancellationToken))
            : NoSuchPicture();

    private static IResult NoSuchPicture() =>
        Results.Problem("There is no such picture, or the judgement is another's.", statusCode: StatusCodes.Status404NotFound, title: "No such picture");
}
