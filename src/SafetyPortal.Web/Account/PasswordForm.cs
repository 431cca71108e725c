using System.ComponentModel.DataAnnotations;

namespace SafetyPortal.Web.Account;

/// <summary>What the sign-in and the confirmation form post.</summary>
public sealed class PasswordForm
{
    [Required(ErrorMessage = "Enter your account name."), StringLength(256)]
    public string Name { get; set; } = "";

    [Required(ErrorMessage = "Enter your password."), StringLength(256)]
    public string Password { get; set; } = "";
}
