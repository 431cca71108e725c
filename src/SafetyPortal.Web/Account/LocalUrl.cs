namespace SafetyPortal.Web.Account;

/// <summary>Addresses a form may lead back to: paths of this portal, never another host.</summary>
public static class LocalUrl
{
    /// <summary>The address itself when it is a path of this portal, otherwise the start page.</summary>
    public static string OrHome(string? url)
    {
        // "//host" and "/\host" are other hosts to a browser.
        var local = url is { Length: > 0 } && url[0] == '/' && (url.Length == 1 || (url[1] != '/' && url[1] != '\\')) && !url.Any(char.IsControl);
        return local ? url! : "/";
    }
}
