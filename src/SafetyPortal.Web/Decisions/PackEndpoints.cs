using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Evidence.Pack;
using SafetyPortal.Web.Hosting;
using SafetyPortal.Web.Security;

namespace SafetyPortal.Web.Decisions;

/// <summary>Evidence packs as downloads. The zip is complete on disk before its first byte is sent, so a refusal is a clean answer and not a torn file.</summary>
internal static class PackEndpoints
{
    private const int BufferSize = 128 * 1024;

    public static string Url(long request) => $"/requests/{request}/evidence-pack.zip";

    public static void MapEvidencePacks(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet("/requests/{id:long}/evidence-pack.zip", DownloadAsync).RequireAuthorization(Policies.ExportEvidence).RequireRateLimiting(RateLimits.Copies);

    private static async Task<IResult> DownloadAsync(long id, HttpContext context, ExportEvidence export, PortalSettings settings)
    {
        var file = Create(settings.Data.Temporary);
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

    // A pack holds unveiled pictures, so it is written to the data folder, which only its owner can read.
    internal static FileStream Create(string folder)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = BufferSize,
            Options = FileOptions.Asynchronous | FileOptions.DeleteOnClose,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(Path.Combine(folder, $"evidence-pack-{Guid.NewGuid():N}.zip"), options);
    }
}
