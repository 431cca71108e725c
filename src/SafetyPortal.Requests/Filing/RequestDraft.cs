namespace SafetyPortal.Requests.Filing;

/// <summary>
/// A request form that a person still writes, valid or not; one per person. The history does not record it.
/// Filing turns it into an <see cref="EraseRequest"/> and deletes it.
/// </summary>
public sealed class RequestDraft
{
    public required string UserId { get; init; }

    /// <summary>The form as JSON, in the shape of the page that wrote it.</summary>
    public required string Form { get; set; }

    public required DateTimeOffset WrittenAt { get; set; }
}
