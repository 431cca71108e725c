using SafetyPortal.Cli.Output;

namespace SafetyPortal.Cli.Tests.Commands;

[Collection(nameof(InProcess))]
public sealed class AccountCommandTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("account-command");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task CreateAdmin_PasswordOnStandardInput_MakesOneAdministratorAndNoSecond()
    {
        var made = await CreateAsync("ada@example.org", "correct horse battery staple 7");
        made.ExitCode.ShouldBe(ExitCode.Success, made.Error);
        made.Output.ShouldContain("ada@example.org is an administrator");
        made.Output.ShouldNotContain("horse");

        var second = await CreateAsync("eve@example.org", "correct horse battery staple 7");
        second.ExitCode.ShouldBe(ExitCode.CheckFailed);
        second.Error.ShouldContain("ada@example.org");
    }

    [Theory]
    [InlineData("short", "12")]
    [InlineData(null, "standard input")]
    public async Task CreateAdmin_PasswordThatWillNotDo_IsRefused(string? password, string expected)
    {
        var result = await CreateAsync("ada@example.org", password);

        result.ExitCode.ShouldBe(ExitCode.BadInput, result.Error);
        result.Error.ShouldContain(expected);
    }

    private async Task<CommandLineResult> CreateAsync(string email, string? password)
    {
        var input = Console.In;
        try
        {
            Console.SetIn(new StringReader(password is null ? string.Empty : password + "\n"));
            return await InProcess.RunAsync("account", "create-admin", email, "--data", folder.FullName);
        }
        finally
        {
            Console.SetIn(input);
        }
    }
}
