using Microsoft.AspNetCore.Components;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Shell;

/// <summary>
/// A page that shows requests: it loads when it is opened and again whenever the <see cref="RequestWatch"/> tells of a change. The database is the
/// only source, so a reload or a lost circuit changes nothing about what is shown.
/// </summary>
public abstract class LivePage : PortalPage
{
    private bool loading;
    private bool outdated;
    private bool acting;

    [Inject]
    private RequestWatch Watch { get; set; } = default!;

    /// <summary>Reads everything that the page shows.</summary>
    protected abstract Task LoadAsync();

    /// <summary>Whether one of these requests is on the page.</summary>
    protected virtual bool Shows(IReadOnlySet<long> requests) => true;

    protected override void OnInitialized()
    {
        if (RendererInfo.IsInteractive)
            Watch.Changed += OnChanged;
    }

    protected override Task OnParametersSetAsync() => ReloadAsync();

    /// <summary>Acts as <see cref="PortalPage.TryAsync"/>, loads the page anew, and has the other pages told.</summary>
    protected async Task<bool> ActAsync(Func<Actor, Task> action)
    {
        acting = true;
        try
        {
            var done = await TryAsync(action);
            await Watch.LookAsync(Gone);
            await ReloadAsync();
            return done;
        }
        finally
        {
            acting = false;
        }
    }

    // One load at a time; changes that come in meanwhile ask for one more, however many they are.
    private async Task ReloadAsync()
    {
        outdated = true;
        if (loading)
            return;
        loading = true;
        try
        {
            while (outdated)
            {
                outdated = false;
                await LoadAsync();
            }
        }
        finally
        {
            loading = false;
        }
    }

    private void OnChanged(IReadOnlySet<long> requests) => _ = InvokeAsync(async () =>
    {
        if (acting || !Shows(requests))
            return;
        try
        {
            await ReloadAsync();
            StateHasChanged();
        }
        catch (OperationCanceledException)
        {
            // The page was left.
        }
        catch (Exception error)
        {
            await DispatchExceptionAsync(error);
        }
    });

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Watch.Changed -= OnChanged;
        base.Dispose(disposing);
    }
}
