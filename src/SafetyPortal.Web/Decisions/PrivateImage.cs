namespace SafetyPortal.Web.Decisions;

/// <summary>Image bytes for one person: not stored by caches in between, nor by the browser unless <c>keep</c> is set; its type taken from its first bytes.</summary>
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
