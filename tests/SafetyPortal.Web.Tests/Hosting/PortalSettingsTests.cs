using SafetyPortal.Web.Hosting;
using SafetyPortal.Web.Security;

namespace SafetyPortal.Web.Tests.Hosting;

public sealed class PortalSettingsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("portal-test-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://127.0.0.1:0", "--Kestrel:Endpoints:Open:Url=http://0.0.0.0:0")]
    [InlineData("http://127.0.0.1:0", "--Portal:KnownProxies=127.0.0.1")]
    public async Task CreateAsync_DemoThatOthersReach_RefusesToStart(string url, params string[] settings) =>
        (await Should.ThrowAsync<DemoOnOpenAddressException>(() => CreateAsync(url, demo: true, settings))).Message.ShouldContain("Demo:Enabled");

    [Theory]
    [InlineData("--Portal:KnownProxies=10.1", "\"10.1\"")]
    [InlineData("--Portal:KnownProxies=10.0.0.1, 10.0.0.010", "\"10.0.0.010\"")]
    [InlineData("--Portal:KnownProxies=proxy.example", "\"proxy.example\"")]
    [InlineData("--Portal:KnownProxies:0=10.0.0.1", "got a section")]
    [InlineData("--Worker:ImageStep=5", "'ImageStep'")]
    [InlineData("--Worker:Evaluation:Nudenet2=x", "'Nudenet2'")]
    [InlineData("--Worker:ImageSteps=many", "'many'")]
    public async Task CreateAsync_SettingOfAnotherForm_RefusesAndNamesIt(string setting, string named) =>
        (await Should.ThrowAsync<InvalidDataException>(() => CreateAsync("http://127.0.0.1:0", demo: false, setting))).Message.ShouldContain(named);

    private Task CreateAsync(string url, bool demo, params string[] settings) =>
        PortalHost.CreateAsync(new PortalOptions { Demo = demo, Url = url, DataFolder = folder, Arguments = settings });
}
