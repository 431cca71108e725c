namespace SafetyPortal.Web.Decisions;

/// <summary>
/// Image bytes for one person; their type is taken from the first of them. Caches in between never store them. The browser does when <c>keep</c>
/// is set, which is for veils and for what no veil covers: the next account at the same browser reveals for itself.
/// </summary>
internal sealed class PrivateImage(byte[] bytes, bool keep = true) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        httpContext.Response.Headers.CacheControl = keep ? "private, max-age=600" : "no-store";
        httpContext.Response.ContentType = bytes switch
        {
            [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => "image/png",
            [0xFF, 0xD8, ..] => "image/jpeg",
            [(byte)'R', (byte)'I', (byte)'F', (byte)'F', ..] => "image/webp",
            _ => "application/octet-stream",
        };
        httpContext.Response.ContentLength = bytes.Length;
        await httpContext.Response.Body.WriteAsync(bytes, httpContext.RequestAborted);
    }
}
