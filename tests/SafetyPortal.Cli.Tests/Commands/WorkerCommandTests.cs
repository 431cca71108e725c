using Microsoft.EntityFrameworkCore;
using SafetyPortal.Cli.Once;
using SafetyPortal.Cli.Output;
using SafetyPortal.Requests.Data;
using SafetyPortal.Worker;

namespace SafetyPortal.Cli.Tests.Commands;

[Collection(nameof(InProcess))]
public sealed class WorkerCommandTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("worker-command");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Worker_DataFolderOfAPortal_MakesNoAccounts()
    {
        await (await OpenAsync()).DisposeAsync(); // opening it made the database

        var result = await InProcess.RunAsync("worker", "--data", folder.FullName);

        result.ExitCode.ShouldBe(ExitCode.Success, result.Error);
        await using var portal = await OpenAsync();
        await using var db = await portal.Get<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        (await db.Users.AnyAsync()).ShouldBeFalse();
    }

    private Task<PortalServices> OpenAsync() => PortalServices.OpenAsync(folder, new WorkerOptions { ModelRoot = folder.FullName }, default);
}
