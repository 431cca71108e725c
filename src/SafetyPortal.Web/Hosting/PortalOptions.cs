namespace SafetyPortal.Web.Hosting;

/// <summary>How a portal process is started. Null means: what appsettings.json says.</summary>
public sealed record PortalOptions
{
    /// <summary>Holds the database, artifacts, history checkpoints and keys. Relative paths start at the application's root.</summary>
    public string? DataFolder { get; init; }

    /// <summary>Folder whose sub-folders are models; nothing outside it is ever read as a model.</summary>
    public string? ModelRoot { get; init; }

    /// <summary>Address to listen on, for example <c>http://127.0.0.1:5080</c>; port 0 takes a free one.</summary>
    public string? Url { get; init; }

    /// <summary>Creates the demo accounts and shows them on the sign-in page; listens on this machine only.</summary>
    public bool? Demo { get; init; }

    /// <summary>Whether this process also works through the queue of runs.</summary>
    public bool? RunWorker { get; init; }

    /// <summary>Further settings in the form <c>--Section:Key=value</c>.</summary>
    public string[] Arguments { get; init; } = [];
}
