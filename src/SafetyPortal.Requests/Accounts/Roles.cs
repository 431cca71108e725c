namespace SafetyPortal.Requests.Accounts;

/// <summary>The four roles. A role is a duty, not a rank: an administrator who should approve needs <see cref="Approver"/> as well.</summary>
public static class Roles
{
    /// <summary>Files requests and starts runs.</summary>
    public const string Reviewer = "Reviewer";

    /// <summary>Decides on evidence and releases patches.</summary>
    public const string Approver = "Approver";

    /// <summary>Reads, verifies and exports the history.</summary>
    public const string Auditor = "Auditor";

    /// <summary>Manages accounts, models and policies; no shortcut around the approval rule.</summary>
    public const string Administrator = "Administrator";

    public static readonly IReadOnlyList<string> All = [Reviewer, Approver, Auditor, Administrator];
}
