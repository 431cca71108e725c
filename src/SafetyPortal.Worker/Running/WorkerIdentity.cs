using System.Diagnostics;
using System.Globalization;

namespace SafetyPortal.Worker.Running;

/// <summary>Names this process as the holder of a lease, so that a later process can tell whether it is still alive.</summary>
public static class WorkerIdentity
{
    /// <summary>Machine, process id and the process's start, since ids are used again.</summary>
    public static string Current { get; } = Describe(Process.GetCurrentProcess());

    /// <summary>
    /// True when <paramref name="owner"/> was a process of this machine that no longer runs. A process of another machine is never
    /// called gone: its lease has to run out.
    /// </summary>
    public static bool IsGone(string owner)
    {
        ArgumentNullException.ThrowIfNull(owner);
        var parts = owner.Split('/');
        if (parts.Length != 3 || !string.Equals(parts[0], Environment.MachineName, StringComparison.Ordinal)) return false;
        if (!int.TryParse(parts[1], CultureInfo.InvariantCulture, out var id)) return false;
        try
        {
            using var process = Process.GetProcessById(id);
            return process.HasExited || !string.Equals(Describe(process), owner, StringComparison.Ordinal);
        }
        catch (ArgumentException)
        {
            return true;
        }
    }

    private static string Describe(Process process) => string.Create(
        CultureInfo.InvariantCulture, $"{Environment.MachineName}/{process.Id}/{process.StartTime.ToUniversalTime():yyyyMMddHHmmss}");
}
