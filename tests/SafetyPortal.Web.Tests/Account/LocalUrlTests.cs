using SafetyPortal.Web.Account;

namespace SafetyPortal.Web.Tests.Account;

public class LocalUrlTests
{
    [Theory]
    [InlineData("/")]
    [InlineData("/requests/12/decision?tab=1#x")]
    public void OrHome_PathOfThePortal_IsKept(string url) => LocalUrl.OrHome(url).ShouldBe(url);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("requests")]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("https://evil.example")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/a\r\nSet-Cookie: x")]
    public void OrHome_AnythingElse_LeadsHome(string? url) => LocalUrl.OrHome(url).ShouldBe("/");
}
