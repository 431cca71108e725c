namespace SafetyPortal.Web.Hosting;

/// <summary>How a portal process starts. Null takes the value from the configuration.</summary>
public sealed record PortalOptions
{
    /// <summary>Folder of the database, artifacts, history checkpoints and keys. A relative path starts at the application's root.</summary>
    public string? DataFolder { get; init; }

    /// <summary>Folder whose sub-folders are models. The portal reads no model from anywhere else.</summary>
    public string? ModelRoot { get; init; }

    /// <summary>Address to listen on, for example <c>http://127.0.0.1:5080</c>; port 0 takes a free one.</summary>
    public string? Url { get; init; }

    /// <summary>Makes the demo accounts and shows them on the sign-in page. The portal then refuses addresses that other machines can reach.</summary>
    public bool? Demo { get; init; }

    /// <summary>Whether this process hosts the worker.</summary>
    public bool? RunWorker { get; init; }

    /// <summary>Further settings in the form <c>--Section:Key=value</c>.</summary>
    public string[] Arguments { get; init; } = [];
}
