using Microsoft.AspNetCore.HttpOverrides;

namespace SafetyPortal.Web.Hosting;

/// <summary>A portal behind a reverse proxy that ends TLS: the visitor's address and scheme are what the proxy says, if it is a known one.</summary>
internal static class ReverseProxy
{
    public static void UseKnownProxies(this IApplicationBuilder app, PortalSettings settings)
    {
        if (settings.KnownProxies.Count == 0)
            return;
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto,
            ForwardLimit = settings.KnownProxies.Count,
        };
        // Loopback is known by default; here it counts only when it is named.
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var proxy in settings.KnownProxies)
            options.KnownProxies.Add(proxy);
        app.UseForwardedHeaders(options);
    }
}
