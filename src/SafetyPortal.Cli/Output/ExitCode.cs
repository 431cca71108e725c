namespace SafetyPortal.Cli.Output;

/// <summary>What the process returns; documented in <c>portal --help</c>.</summary>
public static class ExitCode
{
    public const int Success = 0;

    /// <summary>The command did its work, but a gate, a decision, a digest or the history did not pass.</summary>
    public const int CheckFailed = 1;

    /// <summary>The command line itself is wrong.</summary>
    public const int Usage = 2;

    /// <summary>A named file or folder is missing, damaged or of the wrong kind.</summary>
    public const int BadInput = 3;

    /// <summary>An error of the program.</summary>
    public const int InternalError = 70;

    /// <summary>Stopped with Ctrl+C or SIGTERM.</summary>
    public const int Cancelled = 130;

    public const string Explanation =
        "Exit codes: 0 done; 1 a check, gate or decision did not pass; 2 wrong command line; 3 missing or damaged input; 70 internal error; 130 cancelled.";
}
