using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Requests.RedTeam;

/// <summary>
/// Who sees what a probe found. Revival and amplification show how a removed concept is rebuilt, so their findings and sheets are for
/// administrators, who order them, and auditors, who check administrators. No role sees an unknown probe.
/// </summary>
public static class ProbeAccess
{
    private static readonly string[] Restricted = [Roles.Administrator, Roles.Auditor];

    /// <param name="roles">Roles that the viewer holds now. The caller has checked that they may see the request.</param>
    /// <param name="code">One of <see cref="ProbeCodes.All"/>.</param>
    public static bool MaySee(IReadOnlyCollection<string> roles, string code) =>
        ProbeCodes.All.Contains(code) && (!ProbeCodes.AdministratorOnly.Contains(code) || roles.Intersect(Restricted).Any());

    /// <summary>Returns the findings without the probes that the viewer may not see.</summary>
    public static RedTeamEvidence Filter(RedTeamEvidence findings, IReadOnlyCollection<string> roles) =>
        findings with { Probes = [.. findings.Probes.Where(probe => MaySee(roles, probe.Code))] };
}
