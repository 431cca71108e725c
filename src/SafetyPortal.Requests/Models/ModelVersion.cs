using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.Models;

/// <summary>An unedited model that requests start from: a diffusers folder under the configured model root.</summary>
public sealed class ModelVersion : IVersioned, IAudited
{
    public long Id { get; private set; }

    /// <summary>Unique name, for example "demo".</summary>
    public required string Name { get; init; }

    /// <summary>Folder name under the model root; never a path.</summary>
    public required string Folder { get; init; }

    /// <summary>Digest of the weights (64 hexadecimal digits), checked when the model is loaded.</summary>
    public required string Digest { get; init; }

    /// <summary>What the model is said to draw, offered on the request page and used as contexts for style prompts.</summary>
    public List<string> Objects { get; init; } = [];

    /// <summary>Styles the model is said to draw in.</summary>
    public List<string> Styles { get; init; } = [];

    /// <summary>True when people (or stand-ins) can be drawn unclothed, so that nudity can be requested.</summary>
    public bool DrawsNudity { get; init; }

    public required DateTimeOffset RegisteredAt { get; init; }

    public long Version { get; set; }
}
