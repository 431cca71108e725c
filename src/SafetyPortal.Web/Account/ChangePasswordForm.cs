namespace SafetyPortal.Web.Account;

/// <summary>What the form that changes a password posts.</summary>
public sealed class ChangePasswordForm
{
    public string Present { get; set; } = "";

    public string Wanted { get; set; } = "";

    public string Repeated { get; set; } = "";
}
