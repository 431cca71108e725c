using Microsoft.AspNetCore.Identity;

namespace SafetyPortal.Requests.Accounts;

/// <summary>A person who signs in.</summary>
public sealed class PortalUser : IdentityUser
{
    /// <summary>The name others see, up to 80 characters.</summary>
    public string DisplayName { get; set; } = "";
}

/// <summary>What a password must be, wherever one is set: length counts, character classes do not.</summary>
public static class PasswordRules
{
    public const int MinLength = 12;

    /// <summary>Sets the rules on Identity's options.</summary>
    public static void Apply(PasswordOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.RequiredLength = MinLength;
        options.RequireNonAlphanumeric = false;
        options.RequireUppercase = false;
        options.RequireDigit = false;
    }
}
