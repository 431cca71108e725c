using Microsoft.AspNetCore.Identity;

namespace SafetyPortal.Requests.Accounts;

/// <summary>A person who signs in.</summary>
public sealed class PortalUser : IdentityUser
{
    /// <summary>The name that others see, up to 80 characters.</summary>
    public string DisplayName { get; set; } = "";
}

/// <summary>What a password must be: its length counts, character classes do not.</summary>
public static class PasswordRules
{
    public const int MinLength = 12;

    public static void Apply(PasswordOptions options)
    {
        options.RequiredLength = MinLength;
        options.RequireNonAlphanumeric = false;
        options.RequireUppercase = false;
        options.RequireDigit = false;
    }
}
