using System.Text.RegularExpressions;

namespace SafetyPortal.Cli.Tests.Commands;

public sealed partial class ServeCommandTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("serve-command");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Serve_FromAnotherFolder_SendsTheScriptsAndStylesOfPages()
    {
        var address = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var errors = new List<string>();
        using var process = CommandLineRun.Start(
            line =>
            {
                if (Address().Match(line) is { Success: true } found)
                    address.TrySetResult(found.Value);
            },
            errors.Add,
            ["serve", "--url", "http://127.0.0.1:0", "--data", "data", "--models", "models"], folder.FullName);
        try
        {
            using var client = new HttpClient { BaseAddress = new Uri(await address.Task.WaitAsync(TimeSpan.FromMinutes(2))) };

            // Scripts before .NET 10 do not raise this event.
            (await client.GetStringAsync("/_framework/blazor.web.js")).ShouldContain("components-reconnect-state-changed");
            string[] files =
            [
                "/_content/Radzen.Blazor/Radzen.Blazor.min.js", "/_content/Radzen.Blazor/css/default-base.css", "/css/portal.css", "/js/shell.js",
                "/icons/portal.svg",
            ];
            foreach (var path in files)
                (await client.GetByteArrayAsync(path)).ShouldNotBeEmpty(path);
        }
        catch (TimeoutException)
        {
            Assert.Fail(string.Join('\n', errors));
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+", RegexOptions.None, 1000)]
    private static partial Regex Address();
}
