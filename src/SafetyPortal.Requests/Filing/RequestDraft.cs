namespace SafetyPortal.Requests.Filing;

/// <summary>
/// A request form that is still being written, valid or not, one per person. Only its writer sees it and it changes nothing, so it
/// leaves no event; filing turns it into an <see cref="EraseRequest"/> and deletes it.
/// </summary>
public sealed class RequestDraft
{
    public required string UserId { get; init; }

    /// <summary>The form as JSON, in the shape of the page that wrote it.</summary>
    public required string Form { get; set; }

    public required DateTimeOffset WrittenAt { get; set; }
}
