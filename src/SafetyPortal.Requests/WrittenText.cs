namespace SafetyPortal.Requests;

/// <summary>What people write into a form.</summary>
internal static class WrittenText
{
    /// <summary>Returns the reason without the blanks around it.</summary>
    /// <param name="what">Completes "Say in 10 to 2,000 characters ...".</param>
    /// <exception cref="InvalidRequestException">The reason is missing, too short or too long.</exception>
    public static string DemandReason(string? reason, string what, int min = 10, int max = 2000) => reason?.Trim() is { } text && text.Length >= min && text.Length <= max
        ? text
        : throw new InvalidRequestException([new(nameof(reason), $"Say in {min} to {max:N0} characters {what}.")]);
}
