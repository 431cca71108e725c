using System.Security.Claims;
using Microsoft.AspNetCore.Mvc;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Decisions;

/// <summary>
/// The images of a run. A digest alone opens nothing: it has to belong to the gallery of a run the person may see, and a veiled pair
/// leaves the server sharp only after its reveal was written into the history.
/// </summary>
internal static class ImageEndpoints
{
    public static void MapImages(this IEndpointRouteBuilder endpoints)
    {
        var run = endpoints.MapGroup("/runs/{runId:long}").RequireAuthorization();
        run.MapGet("images/{digest}", SharpAsync);
        run.MapGet("images/{digest}/veiled", VeiledAsync);
        run.MapGet("preview/{digest}", PreviewAsync);
        run.MapPost("reveals", RevealAsync);
    }

    private static async Task<IResult> SharpAsync(
        long runId, string digest, ClaimsPrincipal user, RunImages images, ImageReveals reveals, CancellationToken cancellationToken)
    {
        if (await images.FindAsync(runId, user, cancellationToken) is not { } gallery || gallery.NumberOf(digest) is not { } number)
            return NoSuchImage();
        if (gallery.Covers(number)
            && !(await reveals.OfAsync(Actor.From(user).Id, gallery.RequestId, runId, cancellationToken)).Contains(number))
        {
            return Results.Problem(
                "This image is veiled until you reveal it in the gallery.", statusCode: StatusCodes.Status403Forbidden, title: "Veiled image",
                extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["code"] = "image-veiled" });
        }
        return new PrivateImage(await images.ReadAsync(digest, cancellationToken), keep: !gallery.Covers(number));
    }

    private static async Task<IResult> VeiledAsync(long runId, string digest, ClaimsPrincipal user, RunImages images, CancellationToken cancellationToken) =>
        await images.FindAsync(runId, user, cancellationToken) is { } gallery && gallery.NumberOf(digest) is not null
            ? new PrivateImage(Veil.Draw(await images.ReadAsync(digest, cancellationToken), cancellationToken))
            : NoSuchImage();

    // The digest in the address makes the browser ask again when there is a newer preview. The worker may be faster than the browser: the newest is the answer.
    private static async Task<IResult> PreviewAsync(long runId, ClaimsPrincipal user, RunImages images, CancellationToken cancellationToken) =>
        await images.PreviewAsync(runId, user, cancellationToken) is { } bytes ? new PrivateImage(bytes, keep: false) : NoSuchImage();

    // The pages reveal through their circuit; this is the same action for scripts, guarded by the antiforgery token like any form.
    private static async Task<IResult> RevealAsync(
        long runId, [FromForm] int[] entries, ClaimsPrincipal user, RunImages images, ImageReveals reveals, CancellationToken cancellationToken)
    {
        if (await images.FindAsync(runId, user, cancellationToken) is not { } gallery)
            return NoSuchImage();
        if (entries.Length == 0 || entries.Any(entry => entry < 0 || entry >= gallery.Count))
        {
            return Results.ValidationProblem(new Dictionary<string, string[]>(StringComparer.Ordinal)
            {
                ["entries"] = [$"Expected numbers from 0 to {gallery.Count - 1}."],
            });
        }
        await reveals.RevealAsync(Actor.From(user), gallery.RequestId, runId, entries, cancellationToken);
        return Results.NoContent();
    }

    private static IResult NoSuchImage() =>
        Results.Problem("There is no such image, or it belongs to a run you cannot see.", statusCode: StatusCodes.Status404NotFound, title: "No such image");
}
