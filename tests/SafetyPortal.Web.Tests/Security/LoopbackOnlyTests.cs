using SafetyPortal.Web.Hosting;
using SafetyPortal.Web.Security;

namespace SafetyPortal.Web.Tests.Security;

public class LoopbackOnlyTests
{
    [Theory]
    [InlineData("http://127.0.0.1:5080")]
    [InlineData("http://localhost:0")]
    [InlineData("https://[::1]:5081")]
    [InlineData("http://127.1.2.3:80")]
    public void Require_LoopbackAddress_Accepts(string url) => Should.NotThrow(() => LoopbackOnly.Require([url]));

    [Theory]
    [InlineData("http://0.0.0.0:5080")]
    [InlineData("http://*:5080")]
    [InlineData("http://+:5080")]
    [InlineData("http://[::]:5080")]
    [InlineData("http://192.168.1.2:5080")]
    [InlineData("http://localhost.example.org")]
    [InlineData("")]
    public void Require_AddressOthersReach_RefusesAndNamesIt(string url) =>
        Should.Throw<InvalidOperationException>(() => LoopbackOnly.Require(["http://127.0.0.1:1", url])).Message.ShouldContain($"listen on {url}");

    [Theory]
    [InlineData("http://0.0.0.0:0", "")]
    [InlineData("http://127.0.0.1:0", "--Kestrel:Endpoints:Open:Url=http://0.0.0.0:0")]
    [InlineData("http://127.0.0.1:0", "--Portal:KnownProxies=127.0.0.1")]
    public async Task Create_DemoThatOthersReach_RefusesToStart(string url, string setting)
    {
        var folder = Directory.CreateTempSubdirectory("portal-test-").FullName;
        try
        {
            var refusal = await Should.ThrowAsync<InvalidOperationException>(
                () => PortalHost.CreateAsync(new PortalOptions { Demo = true, Url = url, DataFolder = folder, Arguments = setting.Length == 0 ? [] : [setting] }));
            refusal.Message.ShouldContain("Demo:Enabled");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
