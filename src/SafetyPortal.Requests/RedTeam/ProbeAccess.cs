using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Requests.RedTeam;

/// <summary>
/// Who sees the findings of a probe. Revival and amplification show how to rebuild a removed concept, so their findings and sheets are for
/// administrators, who order them, and auditors, who check administrators. No role sees an unknown probe.
/// </summary>
public static class ProbeAccess
{
    private static readonly string[] Restricted = [Roles.Administrator, Roles.Auditor];

    /// <param name="roles">Roles the viewer holds now; the caller has checked that they may see the request.</param>
    /// <param name="code">One of <see cref="ProbeCodes.All"/>.</param>
    public static bool MaySee(IReadOnlyCollection<string> roles, string code)
    {
        ArgumentNullException.ThrowIfNull(roles);
        return ProbeCodes.All.Contains(code, StringComparer.Ordinal)
            && (!ProbeCodes.AdministratorOnly.Contains(code, StringComparer.Ordinal) || roles.Intersect(Restricted, StringComparer.Ordinal).Any());
    }

    /// <summary>The findings without the probes the viewer may not see.</summary>
    public static RedTeamEvidence Filter(RedTeamEvidence findings, IReadOnlyCollection<string> roles)
    {
        ArgumentNullException.ThrowIfNull(findings);
        return findings with { Probes = [.. findings.Probes.Where(probe => MaySee(roles, probe.Code))] };
    }
}
