namespace SafetyPortal.Requests.Data;

/// <summary>Where the portal keeps its files. The folder is for its owner alone (0700).</summary>
public sealed class DataFolder
{
    /// <summary>Name of the database in the folder.</summary>
    public const string DatabaseName = "portal.db";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes the folders that are missing.</summary>
    public DataFolder(string root)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(root);
        Root = Path.GetFullPath(root);
        Create(Root);
        Create(Keys);
        Create(Path.GetDirectoryName(Checkpoints)!);
        Create(Artifacts);
        Create(Temporary);
    }

    public string Root { get; }

    public string Database => Path.Combine(Root, DatabaseName);

    public string Artifacts => Path.Combine(Root, "artifacts");

    /// <summary>Files that a process still writes.</summary>
    public string Temporary => Path.Combine(Root, "tmp");

    public string Keys => Path.Combine(Root, "keys");

    /// <summary>Private key that signs checkpoints of the history, PEM, 0600.</summary>
    public string AuditKey => Path.Combine(Keys, "audit-signing.pem");

    /// <summary>Private key that signs verdicts of this installation's worker, PEM, 0600.</summary>
    public string WorkerKey => Path.Combine(Keys, "worker-signing.pem");

    /// <summary>Signed checkpoints of the history; see <see cref="Audit.CheckpointFile"/>.</summary>
    public string Checkpoints => Path.Combine(Root, "audit", "checkpoints.jsonl");

    /// <summary>Passwords of the demo accounts, 0600.</summary>
    public string DemoAccounts => Path.Combine(Root, "demo-accounts.json");

    /// <summary>Writes a file that only its owner can read, whole or not at all.</summary>
    /// <param name="keepExisting">Whether a file that another process wrote meanwhile stays.</param>
    internal static void WriteSecret(string path, string content, bool keepExisting = false)
    {
        var part = path + "." + Guid.NewGuid().ToString("N");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            using (var file = new FileStream(part, options))
            {
                file.Write(System.Text.Encoding.UTF8.GetBytes(content));
                file.Flush(flushToDisk: true);
            }
            File.Move(part, path, overwrite: !keepExisting);
        }
        catch (IOException) when (keepExisting && File.Exists(path))
        {
            // The file of the other process does as well.
        }
        finally
        {
            File.Delete(part);
        }
    }

    private static void Create(string folder)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, OwnerOnly);
    }
}
