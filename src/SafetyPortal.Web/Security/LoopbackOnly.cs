using System.Net;

namespace SafetyPortal.Web.Security;

/// <summary>Demo mode is on for an address that other machines can reach.</summary>
public sealed class DemoOnOpenAddressException(string message) : InvalidOperationException(message);

/// <summary>Demo accounts have published passwords, so a portal that has them may listen on this machine alone.</summary>
public static class LoopbackOnly
{
    /// <summary>Checks that no other machine can reach the addresses.</summary>
    /// <param name="urls">Addresses the server will listen on, from the setting Urls or the section Kestrel.</param>
    /// <exception cref="DemoOnOpenAddressException">An address is not a loopback address; the message names it.</exception>
    public static void Require(IEnumerable<string> urls)
    {
        foreach (var url in urls.Where(url => !IsLoopback(url)))
        {
            throw new DemoOnOpenAddressException(
                $"Demo:Enabled is true, which creates accounts with published passwords; expected 127.0.0.1, [::1] or localhost to listen on, got \"{url}\".");
        }
    }

    internal static bool IsLoopback(string url)
    {
        // Uri does not parse Kestrel's wildcards (http://*:5080, http://+:5080), which are not loopback.
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri))
            return false;
        var host = uri.Host.Trim('[', ']');
        return string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
    }
}
