using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Evidence.Pack;
using SafetyPortal.Web.Security;

namespace SafetyPortal.Web.Decisions;

/// <summary>Evidence packs as downloads. The zip is complete on disk before its first byte is sent, so a refusal is a clean answer and not a torn file.</summary>
internal static class PackEndpoints
{
    private const int BufferSize = 128 * 1024;

    public static string Url(long request) => $"/requests/{request}/evidence-pack.zip";

    public static void MapEvidencePacks(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet("/requests/{id:long}/evidence-pack.zip", DownloadAsync).RequireAuthorization(Policies.ExportEvidence);

    private static async Task<IResult> DownloadAsync(long id, HttpContext context, ExportEvidence export)
    {
        var file = new FileStream(
            Path.Combine(Path.GetTempPath(), $"safety-portal-{Guid.NewGuid():N}.zip"),
            FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, BufferSize, FileOptions.Asynchronous | FileOptions.DeleteOnClose);
        try
        {
            await export.ExecuteAsync(Actor.From(context.User), id, file, context.RequestAborted);
            file.Position = 0;
            return Results.File(file, "application/zip", $"request-{id}-evidence.zip");
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }
}
