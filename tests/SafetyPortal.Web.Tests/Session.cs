using System.Net;
using System.Text.RegularExpressions;

namespace SafetyPortal.Web.Tests;

/// <summary>A browser without a screen: cookies, and forms posted with their antiforgery token.</summary>
public sealed partial class Session : IDisposable
{
    private readonly CookieContainer cookies = new();
    private readonly HttpClient client;

    public Session(Portal portal)
    {
        ArgumentNullException.ThrowIfNull(portal);
        client = new HttpClient(new HttpClientHandler { CookieContainer = cookies, AllowAutoRedirect = false }) { BaseAddress = portal.Address };
    }

    public static async Task<Session> SignedInAsync(Portal portal, string role)
    {
        ArgumentNullException.ThrowIfNull(portal);
        var session = new Session(portal);
        if (portal.SignedIn.TryGetValue(role, out var known))
        {
            session.cookies.Add(known);
            return session;
        }
        var answer = await session.SignInAsync(portal.Account(role).Email, portal.Account(role).Password);
        answer.StatusCode.ShouldBe(HttpStatusCode.Redirect, await answer.Content.ReadAsStringAsync());
        portal.SignedIn[role] = session.cookies.GetCookies(portal.Address);
        return session;
    }

    /// <summary>The same cookies in another browser, as someone who copied them has them.</summary>
    public Session Copy(Portal portal)
    {
        var copy = new Session(portal);
        copy.cookies.Add(cookies.GetAllCookies());
        return copy;
    }

    public Task<HttpResponseMessage> GetAsync(string path) => client.GetAsync(new Uri(path, UriKind.Relative));

    public Task<HttpResponseMessage> SignInAsync(string name, string password) =>
        PostFormAsync("/account/sign-in", new() { ["_handler"] = "sign-in", ["Input.Name"] = name, ["Input.Password"] = password });

    /// <summary>Reads the page for its token, then posts the fields to it, or to another address.</summary>
    public async Task<HttpResponseMessage> PostFormAsync(string page, Dictionary<string, string> fields, string? to = null)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var html = await (await GetAsync(page)).Content.ReadAsStringAsync();
        fields["__RequestVerificationToken"] = Token().Match(html).Groups["token"].Value;
        return await PostAsync(to ?? page, fields);
    }

    public async Task<HttpResponseMessage> PostAsync(string path, Dictionary<string, string> fields)
    {
        using var content = new FormUrlEncodedContent(fields);
        return await client.PostAsync(new Uri(path, UriKind.Relative), content);
    }

    public void Dispose() => client.Dispose();

    [GeneratedRegex("__RequestVerificationToken\" value=\"(?<token>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Token();
}
