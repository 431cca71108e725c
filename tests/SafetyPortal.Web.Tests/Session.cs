using System.Net;
using System.Text.RegularExpressions;

namespace SafetyPortal.Web.Tests;

/// <summary>A browser without a screen: cookies, and forms posted with their antiforgery token.</summary>
public sealed partial class Session : IDisposable
{
    private readonly Portal portal;
    private readonly CookieContainer cookies = new();
    private readonly HttpClient client;

    public Session(Portal portal)
    {
        ArgumentNullException.ThrowIfNull(portal);
        this.portal = portal;
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

    /// <summary>Another browser with a copy of the cookies.</summary>
    public Session Copy()
    {
        var copy = new Session(portal);
        copy.cookies.Add(cookies.GetAllCookies());
        return copy;
    }

    public Task<HttpResponseMessage> GetAsync(string path) => client.GetAsync(new Uri(path, UriKind.Relative));

    public async Task<HttpStatusCode> StatusAsync(string path) => (await GetAsync(path)).StatusCode;

    public async Task<string> ReadAsync(string path) => await (await GetAsync(path)).Content.ReadAsStringAsync();

    /// <summary>Asserts that the portal redirects from the path to an address that contains <paramref name="target"/>.</summary>
    public async Task ShouldRedirectAsync(string path, string target)
    {
        var answer = await GetAsync(path);
        answer.StatusCode.ShouldBe(HttpStatusCode.Redirect, path);
        answer.Headers.Location!.ToString().ShouldContain(target, customMessage: path);
    }

    public Task<HttpResponseMessage> SignInAsync(string name, string password) =>
        PostFormAsync("/account/sign-in", new() { ["_handler"] = "sign-in", ["Input.Name"] = name, ["Input.Password"] = password });

    /// <summary>Reads the page for its token, then posts the fields to it, or to another address.</summary>
    public async Task<HttpResponseMessage> PostFormAsync(string page, Dictionary<string, string> fields, string? to = null)
    {
        ArgumentNullException.ThrowIfNull(fields);
        fields["__RequestVerificationToken"] = Token().Match(await ReadAsync(page)).Groups["token"].Value;
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
