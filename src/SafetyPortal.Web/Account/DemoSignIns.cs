using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Account;

/// <summary>The demo accounts the sign-in page shows; empty outside demo mode.</summary>
public sealed class DemoSignIns
{
    public IReadOnlyList<DemoAccount> Accounts { get; internal set; } = [];
}
