using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace SafetyPortal.Web.Hosting;

/// <summary>
/// Serves the scripts, styles and fonts that <c>PackagedAssets.targets</c> embedded in this assembly: Blazor's own script and what
/// Radzen needs. Each carries an entity tag, so a browser asks again but downloads once.
/// </summary>
internal static class PackagedAssets
{
    private static readonly Dictionary<string, string> ContentTypes = new(StringComparer.Ordinal)
    {
        [".js"] = "text/javascript; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".woff2"] = "font/woff2",
    };

    public static void MapPackagedAssets(this IEndpointRouteBuilder endpoints)
    {
        var assembly = typeof(PackagedAssets).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith('_')))
        {
            using var resource = assembly.GetManifestResourceStream(name)!;
            var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(resource))[..16]}\"");
            var contentType = ContentTypes[Path.GetExtension(name)];
            endpoints.MapGet("/" + name, (HttpContext context) =>
            {
                context.Response.Headers.CacheControl = "no-cache";
                return Results.Stream(assembly.GetManifestResourceStream(name)!, contentType, entityTag: tag);
            }).AllowAnonymous().ExcludeFromDescription();
        }
    }
}
