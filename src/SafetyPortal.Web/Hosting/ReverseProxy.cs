using Microsoft.AspNetCore.HttpOverrides;

namespace SafetyPortal.Web.Hosting;

/// <summary>Takes the visitor's address and scheme from a known reverse proxy, which ends TLS.</summary>
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
        // ASP.NET Core trusts loopback by default; the portal trusts it only if the setting names it.
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var proxy in settings.KnownProxies)
            options.KnownProxies.Add(proxy);
        app.UseForwardedHeaders(options);
    }
}
