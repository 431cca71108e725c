using System.Diagnostics;
using System.Globalization;

namespace SafetyPortal.Worker.Running;

/// <summary>Names this process as the holder of a lease, so that another process can tell whether it still runs.</summary>
public static class WorkerIdentity
{
    // Numbers of /proc/PID/stat after the name in brackets: the state is field 3, the start field 22.
    private const int State = 0;
    private const int Start = 19;

    /// <summary>Machine, process id and the process's start, since ids are used again.</summary>
    public static string Current { get; } =
        Describe(Environment.ProcessId) ?? throw new InvalidOperationException($"Expected process {Environment.ProcessId} to see itself.");

    /// <summary>
    /// Returns whether <paramref name="owner"/> was a process of this machine that no longer runs; false for a process of another machine, whose lease
    /// has to run out.
    /// </summary>
    public static bool IsGone(string owner) =>
        owner.Split('/') is [var machine, var process, _] && machine == Environment.MachineName
        && int.TryParse(process, CultureInfo.InvariantCulture, out var id) && Describe(id) != owner;

    /// <summary>Returns null when there is no such process, or it has ended.</summary>
    private static string? Describe(int id) => (OperatingSystem.IsLinux() ? LinuxStart(id) : OtherStart(id)) is { } start
        ? string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}/{id}/{start}")
        : null;

    // Process.StartTime comes from the clock and differs by a second between observers; ticks since boot do not.
    private static string? LinuxStart(int id)
    {
        try
        {
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[State] is "Z" or "X" ? null : $"{File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim()}.{fields[Start]}";
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string? OtherStart(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return process.HasExited ? null : process.StartTime.ToUniversalTime().ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }
}
