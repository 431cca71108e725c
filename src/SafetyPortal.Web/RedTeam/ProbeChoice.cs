using SafetyPortal.Requests.RedTeam;

namespace SafetyPortal.Web.RedTeam;

/// <summary>What an administrator chose on the order form.</summary>
public sealed record ProbeChoice(IReadOnlyList<string> Probes, ProbeBudget Budget, string Reason);
