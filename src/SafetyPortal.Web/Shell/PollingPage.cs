namespace SafetyPortal.Web.Shell;

/// <summary>
/// A page that shows something moving. The database is the only source: a reload, a lost circuit or another worker process changes
/// nothing about what is shown.
/// </summary>
public abstract class PollingPage : PortalPage
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Reads the current state; called before the first render and then once a second.</summary>
    protected abstract Task LoadAsync();

    /// <summary>False when nothing can move any more without someone acting on a page.</summary>
    protected abstract bool Moving { get; }

    protected override async Task OnInitializedAsync()
    {
        await LoadAsync();
        if (RendererInfo.IsInteractive)
            _ = InvokeAsync(PollAsync);
    }

    private async Task PollAsync()
    {
        using var timer = new PeriodicTimer(Interval, Time);
        try
        {
            while (await timer.WaitForNextTickAsync(Gone))
            {
                if (!Moving || Busy)
                    continue;
                await LoadAsync();
                StateHasChanged();
            }
        }
        catch (OperationCanceledException)
        {
            // The page was left.
        }
        catch (Exception error)
        {
            await DispatchExceptionAsync(error);
        }
    }
}
