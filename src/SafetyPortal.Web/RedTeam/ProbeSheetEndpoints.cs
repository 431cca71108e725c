using System.Security.Claims;
using SafetyPortal.Web.Decisions;

namespace SafetyPortal.Web.RedTeam;

/// <summary>Sheets of red-team orders as pictures on a page: never as a file to keep, not even in the browser's cache.</summary>
internal static class ProbeSheetEndpoints
{
    public static string Url(long order, string code, bool veiled) => $"/red-team/{order}/sheets/{code}{(veiled ? "/veiled" : "")}";

    public static void MapProbeSheets(this IEndpointRouteBuilder endpoints)
    {
        var sheets = endpoints.MapGroup("/red-team/{orderId:long}/sheets/{code}").RequireAuthorization();
        sheets.MapGet("", SharpAsync);
        sheets.MapGet("veiled", VeiledAsync);
    }

    private static async Task<IResult> SharpAsync(long orderId, string code, ClaimsPrincipal user, ProbeSheets sheets, CancellationToken cancellationToken)
    {
        if (await sheets.FindAsync(orderId, code, user, cancellationToken) is not var (digest, veiled))
            return NoSuchSheet();
        return veiled
            ? Results.Problem(
                "This sheet is veiled until you reveal it on the red team's page.", statusCode: StatusCodes.Status403Forbidden, title: "Veiled sheet",
                extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["code"] = "image-veiled" })
            : new PrivateImage(await sheets.ReadAsync(digest, cancellationToken), keep: false);
    }

    private static async Task<IResult> VeiledAsync(long orderId, string code, ClaimsPrincipal user, ProbeSheets sheets, CancellationToken cancellationToken) =>
        await sheets.FindAsync(orderId, code, user, cancellationToken) is var (digest, _)
            ? new PrivateImage(Veil.Draw(await sheets.ReadAsync(digest, cancellationToken), cancellationToken), keep: false)
            : NoSuchSheet();

    private static IResult NoSuchSheet() =>
        Results.Problem("There is no such sheet, or it is not for you to see.", statusCode: StatusCodes.Status404NotFound, title: "No such sheet");
}
