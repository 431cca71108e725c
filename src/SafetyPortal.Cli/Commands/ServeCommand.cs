using System.CommandLine;
using SafetyPortal.Cli.Output;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Web.Hosting;

namespace SafetyPortal.Cli.Commands;

/// <summary><c>portal serve</c>: the web portal with its worker, until Ctrl+C.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var json = CommonOptions.Json();
        var demo = new Option<bool>("--demo") { Description = "Make demo accounts and print their passwords; listens on this machine only." };
        var url = new Option<string?>("--url") { Description = "Address to listen on. Default: http://127.0.0.1:5080." };
        url.Validators.Add(result => CommonOptions.RequireText(result, url.Name));
        url.Validators.Add(result =>
        {
            var addresses = (result.GetValueOrDefault<string?>() ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            foreach (var address in addresses.Where(address => !IsAddress(address)))
                result.AddError($"--url must be an address to listen on, such as http://127.0.0.1:5080, not {address}.");
        });
        var data = new Option<DirectoryInfo?>("--data") { Description = "Data folder. Default: data." };
        var models = new Option<DirectoryInfo?>("--models") { Description = "Folder of models. Default: models." };
        var command = new Command("serve", "Start the portal.") { demo, url, data, models, json };
        command.SetGuardedAction(json, async (parsed, cancellation) =>
        {
            await using var app = await PortalHost.CreateAsync(
                new PortalOptions
                {
                    Demo = parsed.GetValue(demo) ? true : null,
                    Url = parsed.GetValue(url),
                    DataFolder = parsed.GetValue(data)?.FullName,
                    ModelRoot = parsed.GetValue(models)?.FullName,
                },
                cancellation);
            await app.StartAsync(cancellation);
            IReadOnlyList<DemoAccount> accounts = parsed.GetValue(demo) ? await app.Services.GetRequiredService<DemoAccounts>().EnsureAsync(cancellation) : [];
            JsonText.Print(
                parsed.GetValue(json),
                new { urls = app.Urls, accounts },
                () => string.Join(
                    Environment.NewLine,
                    accounts.Select(a => $"  {a.Role,-14} {a.Email,-26} {a.Password}")
                        .Prepend($"SafetyPortal is at {string.Join(", ", app.Urls)}; stop with Ctrl+C.")));
            await app.WaitForShutdownAsync(cancellation);
            return ExitCode.Success;
        });
        return command;
    }

    private static bool IsAddress(string text)
    {
        try
        {
            return BindingAddress.Parse(text) is not null;
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
