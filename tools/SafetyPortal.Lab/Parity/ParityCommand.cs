using System.CommandLine;
using SafetyPortal.Cli.Output;

namespace SafetyPortal.Lab.Parity;

/// <summary><c>portal parity DIR</c>: compares every network, scheduler and metric with its reference.</summary>
public static class ParityCommand
{
    private const int ShownFailures = 20;

    public static Command Create()
    {
        var folder = new Argument<DirectoryInfo>("folder") { Description = "Folder of reference numbers, laid out like tests/goldens." };
        var json = new Option<bool>("--json") { Description = "Print the report as JSON." };
        var items = new Option<string[]>("--item") { Description = $"Check this item only; repeatable. Items: {string.Join(", ", ParityRun.ItemNames)}." };
        items.AcceptOnlyFromAmong([.. ParityRun.ItemNames]);
        var command = new Command("parity", "Compare with reference numbers; exit code 1 when any comparison fails.") { folder, json, items };
        command.SetGuardedAction(json, (parsed, cancellation) =>
            Task.FromResult(Run(parsed.GetRequiredValue(folder).FullName, parsed.GetValue(items), parsed.GetValue(json), cancellation)));
        return command;
    }

    private static int Run(string folder, string[]? only, bool json, CancellationToken cancellation)
    {
        if (!json)
            Console.WriteLine($"{"item",-14} {"result",-7} {"checks",6}  {"worst error",-11}  {"tolerance",-9}  at");
        var items = ParityRun.Check(folder, only, json ? null : Print, cancellation);
        var passed = items.All(i => i.Status != ParityStatus.Failed);
        JsonText.Print(json, new { Folder = folder, Passed = passed, Items = items }, () => passed ? "Every comparison passed." : "Some comparisons FAILED.");
        return passed ? ExitCode.Success : ExitCode.CheckFailed;
    }

    private static void Print(ParityItem item)
    {
        var result = item.Status switch { ParityStatus.Passed => "pass", ParityStatus.Failed => "FAIL", _ => "absent" };
        var (error, tolerance) = item.Worst is { } worst ? (ParityCheck.Text(worst.Error), ParityCheck.Text(worst.Tolerance)) : ("", "");
        Console.WriteLine($"{item.Item,-14} {result,-7} {item.Checks,6}  {error,-11}  {tolerance,-9}  {item.Worst?.Name}");
        foreach (var failure in item.Failures.Take(ShownFailures))
            Console.WriteLine($"    {failure}");
        if (item.Failures.Count > ShownFailures)
            Console.WriteLine($"    ... and {item.Failures.Count - ShownFailures} more");
        if (item.Absent.Count > 0)
            Console.WriteLine($"    absent: {string.Join("; ", item.Absent)}");
        if (item.Unchecked.Count > 0)
            Console.WriteLine($"    not compared: {string.Join("; ", item.Unchecked)}");
    }
}
