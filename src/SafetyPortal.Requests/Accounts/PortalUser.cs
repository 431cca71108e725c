using Microsoft.AspNetCore.Identity;

namespace SafetyPortal.Requests.Accounts;

/// <summary>A person who signs in.</summary>
public sealed class PortalUser : IdentityUser
{
    /// <summary>The name others see, up to 80 characters.</summary>
    public string DisplayName { get; set; } = "";
}
