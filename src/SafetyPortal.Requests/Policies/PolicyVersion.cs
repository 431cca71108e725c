using System.Text.Json;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Policies;

/// <summary>A stored policy. Never changed: a change is a new version, and the newest is in force.</summary>
public sealed class PolicyVersion : IAudited
{
    public long Id { get; private set; }

    /// <summary>SHA-256 over the canonical JSON; evidence names the policy by "id:digest".</summary>
    public required string Digest { get; init; }

    /// <summary>The <see cref="PolicyDocument"/> as canonical JSON.</summary>
    public required string Json { get; init; }

    public required string AddedByName { get; init; }

    public required DateTimeOffset AddedAt { get; init; }

    /// <summary>Reads a policy from <see cref="Json"/>.</summary>
    /// <exception cref="JsonException">The text is not a policy.</exception>
    public static PolicyDocument Read(string json) =>
        JsonSerializer.Deserialize<PolicyDocument>(json, CanonicalJson.Options) ?? throw new JsonException("expected a policy object, got null");
}
