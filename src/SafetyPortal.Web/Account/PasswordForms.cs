using System.ComponentModel.DataAnnotations;

namespace SafetyPortal.Web.Account;

/// <summary>What the sign-in and the confirmation form post; the latter leaves out the name.</summary>
public sealed class PasswordForm
{
    [Required(ErrorMessage = "Enter your account name."), StringLength(256)]
    public string Name { get; set; } = "";

    [Required(ErrorMessage = "Enter your password."), StringLength(256)]
    public string Password { get; set; } = "";
}

/// <summary>What the form that changes a password posts.</summary>
public sealed class ChangePasswordForm
{
    public string Present { get; set; } = "";

    public string Wanted { get; set; } = "";

    public string Repeated { get; set; } = "";
}
