using System.Globalization;

namespace SafetyPortal.Requests.Audit;

/// <summary>Subjects are paths such as "request/12/run/3".</summary>
internal static class AuditSubject
{
    /// <summary>The request a subject belongs to; null when it belongs to none.</summary>
    public static long? RequestIdOf(string subject)
    {
        var parts = subject.Split('/');
        return parts.Length >= 2 && string.Equals(parts[0], "request", StringComparison.Ordinal)
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
    }
}
