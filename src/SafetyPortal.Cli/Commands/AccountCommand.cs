using System.CommandLine;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Cli.Output;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Data;
using Spectre.Console;

namespace SafetyPortal.Cli.Commands;

/// <summary><c>portal account create-admin</c>: the account that makes all others, on an installation without demo accounts.</summary>
internal static class AccountCommand
{
    public static Command Create() => new("account", "Work with accounts.") { CreateAdministrator() };

    private static Command CreateAdministrator()
    {
        var json = CommonOptions.Json();
        var email = new Argument<string>("email") { Description = "Address the administrator signs in with." };
        var name = new Option<string?>("--name") { Description = "Name others see. Default: the part of the address before the @." };
        name.Validators.Add(result => CommonOptions.RequireText(result, name.Name));
        var data = FolderOptions.Data();
        var command = new Command(
            "create-admin",
            $"Make the first administrator. A prompt asks for the password, at least {PasswordRules.MinLength} characters; "
            + "without a terminal it is the first line of standard input.")
        {
            email, name, data, json,
        };
        command.SetGuardedAction(json, async (parsed, cancellation) =>
        {
            var address = parsed.GetValue(email)!;
            var password = await PasswordAsync(cancellation);
            await using var services = FolderOptions.Services(parsed.GetValue(data)!);
            await PortalDbSetup.MigrateAsync(
                services.GetRequiredService<IDbContextFactory<PortalDb>>(), services.GetRequiredService<TimeProvider>(), cancellation);
            var made = await services.GetRequiredService<CreateFirstAdministrator>()
                .ExecuteAsync(address, parsed.GetValue(name) ?? address.Split('@')[0], password, cancellation);
            JsonText.Print(
                parsed.GetValue(json), new { account = made.Name, role = Roles.Administrator }, () => $"{made.Name} is an administrator and may sign in.");
            return ExitCode.Success;
        });
        return command;
    }

    // Never an argument: every user of the machine sees those, and shells keep them.
    private static async Task<string> PasswordAsync(CancellationToken cancellation)
    {
        if (Console.IsInputRedirected)
        {
            return await Console.In.ReadLineAsync(cancellation)
                ?? throw new InvalidDataException("Expected a password on the first line of standard input, it is empty.");
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        var password = await Ask("Password:");
        return string.Equals(password, await Ask("Again:"), StringComparison.Ordinal)
            ? password
            : throw new InvalidDataException("Expected the same password twice, the two differ.");

        Task<string> Ask(string text) => new TextPrompt<string>(text).Secret(mask: null).ShowAsync(console, cancellation);
    }
}
