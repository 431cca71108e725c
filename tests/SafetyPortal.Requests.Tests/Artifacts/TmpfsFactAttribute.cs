using System.Diagnostics;

namespace SafetyPortal.Requests.Tests.Artifacts;

/// <summary>A test that needs a small disk of its own; reported as skipped where this process may not mount one.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TmpfsFactAttribute : FactAttribute
{
    private static readonly Lazy<bool> MayMount = new(TryMount);

    public TmpfsFactAttribute()
    {
        if (!MayMount.Value)
            Skip = "This process may not mount a tmpfs (that takes root with CAP_SYS_ADMIN).";
    }

    /// <summary>Runs a command; false when it fails or is not there.</summary>
    internal static bool Run(string command, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static bool TryMount()
    {
        var folder = Directory.CreateTempSubdirectory("mount-test-").FullName;
        var mounted = Run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder) && Run("umount", folder);
        Directory.Delete(folder);
        return mounted;
    }
}
