using System.Runtime.Versioning;
using SafetyPortal.Web.Decisions;

namespace SafetyPortal.Web.Tests.Decisions;

public class PackFileTests
{
    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task Create_InAFolder_IsForItsOwnerAloneAndGoneAfterwards()
    {
        var folder = Directory.CreateTempSubdirectory("packs-").FullName;
        try
        {
            await using (PackEndpoints.Create(folder))
                File.GetUnixFileMode(Directory.GetFiles(folder).ShouldHaveSingleItem()).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Directory.GetFiles(folder).ShouldBeEmpty();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
