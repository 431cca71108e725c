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
        Should.Throw<InvalidOperationException>(() => LoopbackOnly.Require(["http://127.0.0.1:1", url])).Message.ShouldContain($"got \"{url}\"");
}
