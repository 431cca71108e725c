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
/// What every interactive page needs: the person behind it, a fresh database context per question (a circuit outlives any context),
/// and refusals of use cases shown as sentences instead of exceptions.
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

    /// <summary>Cancelled when the page is left.</summary>
    protected CancellationToken Gone { get; }

    /// <summary>The last refusal, for <see cref="Refusal"/>; null when the last action went through.</summary>
    internal string? Refused { get; private set; }

    /// <summary>True while an action runs; buttons are disabled so that it is not sent twice.</summary>
    protected bool Busy { get; private set; }

    protected async Task<ClaimsPrincipal> UserAsync() => (await Authentication).User;

    protected async Task<Actor> ActorAsync() => Actor.From(await UserAsync());

    /// <summary>Does something through a use case; what it refuses ends up in <see cref="Refused"/>.</summary>
    /// <returns>Whether it went through.</returns>
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
            Refused = "Somebody else changed this in the meantime. What you see now is the new state; look again and repeat if it still makes sense.";
        }
        finally
        {
            Busy = false;
        }
        return false;
    }

    // What the use cases throw for a person to read; anything else is a fault and reaches the error boundary.
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
