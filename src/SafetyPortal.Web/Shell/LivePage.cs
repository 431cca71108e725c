using Microsoft.AspNetCore.Components;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Shell;

/// <summary>
/// A page that shows requests. It loads when the user opens it, and again when <see cref="RequestWatch"/> reports a change of a request on it.
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

    /// <summary>Runs an action as <see cref="PortalPage.TryAsync"/> does, then reloads this page and the other open pages that show the request.</summary>
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

    // One load at a time. However many changes come during a load, one more load follows.
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
            // The user left the page.
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
