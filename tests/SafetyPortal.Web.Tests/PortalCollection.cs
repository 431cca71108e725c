namespace SafetyPortal.Web.Tests;

/// <summary>One portal with a finished and decided history, which tests share that change nothing others look at.</summary>
public sealed class SharedPortal : IAsyncLifetime
{
    public Portal Portal { get; private set; } = default!;

    public Story Story { get; private set; } = default!;

    public async Task InitializeAsync()
    {
        Portal = await Portal.StartAsync();
        Story = await Story.TellAsync(Portal);
    }

    public async Task DisposeAsync() => await Portal.DisposeAsync();
}

[CollectionDefinition(Name)]
public sealed class PortalCollection : ICollectionFixture<SharedPortal>
{
    public const string Name = "shared portal";
}
