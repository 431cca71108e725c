using System.Security.Claims;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Approval;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Filing;

namespace SafetyPortal.Web.Shell;

/// <summary>
/// What every interactive page needs: its user, a new database context for each query (a page outlives any context), and the refusals of use cases as
/// sentences.
/// </summary>
public abstract class PortalPage : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource gone = new();

    protected PortalPage() => Gone = gone.Token;

    [Inject]
    protected IDbContextFactory<PortalDb> Databases { get; set; } = default!;

    [Inject]
    protected TimeProvider Time { get; set; } = default!;

    [Inject]
    protected NavigationManager Navigation { get; set; } = default!;

    [CascadingParameter]
    protected Task<AuthenticationState> Authentication { get; set; } = default!;

    /// <summary>Cancelled when the user leaves the page.</summary>
    protected CancellationToken Gone { get; }

    /// <summary>Why the last action was refused, for <see cref="Outcome"/>; null when it was not.</summary>
    internal string? Refused { get; private set; }

    /// <summary>True while an action runs. The page disables its buttons then, so that no action is sent twice.</summary>
    protected bool Busy { get; private set; }

    protected async Task<ClaimsPrincipal> UserAsync() => (await Authentication).User;

    protected async Task<Actor> ActorAsync() => Actor.From(await UserAsync());

    /// <summary>Runs an action; the message of a refusal goes to <see cref="Refused"/>. Returns whether the action succeeded.</summary>
    protected async Task<bool> TryAsync(Func<Actor, Task> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        if (Busy)
            return false;
        (Busy, Refused) = (true, null);
        try
        {
            await action(await ActorAsync());
            return true;
        }
        catch (Exception refusal) when (IsRefusal(refusal))
        {
            Refused = refusal.Message;
        }
        catch (DbUpdateConcurrencyException)
        {
            Refused = "Another person changed this meanwhile. The page shows the new state; repeat your action if it still makes sense.";
        }
        finally
        {
            Busy = false;
        }
        return false;
    }

    // Use cases write these messages for the user. Any other exception is a fault and reaches the error boundary.
    private static bool IsRefusal(Exception error) => error is IllegalMoveException or NotAllowedException or NotFoundException
        or InvalidRequestException or DuplicateRequestException or DecisionDeniedException or ArtifactException;

    protected void Refuse(string? message) => Refused = message;

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (!disposing || gone.IsCancellationRequested)
            return;
        gone.Cancel();
        gone.Dispose();
    }
}
