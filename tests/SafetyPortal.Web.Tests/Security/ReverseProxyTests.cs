namespace SafetyPortal.Web.Tests.Security;

public class ReverseProxyTests
{
    [Theory]
    [InlineData("127.0.0.1", "https")]
    [InlineData("192.0.2.7", "http")]
    public async Task Scheme_SaidByAProxy_CountsOnlyWhenTheProxyIsKnown(string known, string scheme)
    {
        await using var portal = await (await Portal.StartAsync()).RestartAsync(demo: false, $"--Portal:KnownProxies={known}");
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = portal.Address };
        using var question = new HttpRequestMessage(HttpMethod.Get, "/history");
        question.Headers.Add("X-Forwarded-Proto", "https");

        var answer = await client.SendAsync(question);

        answer.Headers.Location!.Scheme.ShouldBe(scheme);
    }
}
