namespace SafetyPortal.Web.Account;

/// <summary>Keeps the address that a form leads back to on this portal.</summary>
public static class LocalUrl
{
    /// <summary>Returns the address if it is a path of this portal, otherwise that of the start page.</summary>
    public static string OrHome(string? url)
    {
        // "//host" and "/\host" are other hosts to a browser.
        var local = url is { Length: > 0 } && url[0] == '/' && (url.Length == 1 || (url[1] != '/' && url[1] != '\\')) && !url.Any(char.IsControl);
        return local ? url! : "/";
    }
}
