using System.Security.Claims;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.RedTeam;
using SafetyPortal.Web.Decisions;
using SafetyPortal.Web.Requests;

namespace SafetyPortal.Web.RedTeam;

/// <summary>
/// Contact sheets of red-team orders. They are named by order and probe and never by digest, so that nothing can be asked for that
/// <see cref="ProbeAccess"/> did not allow; each is veiled until its reveal is in the history.
/// </summary>
public sealed class ProbeSheets(ProbeOrderQueries orders, ImageReveals reveals, IArtifactStore artifacts)
{
    /// <summary>Numbers (places in <see cref="ProbeCodes.All"/>) of the sheets the person has revealed.</summary>
    public Task<IReadOnlySet<int>> RevealedAsync(Actor viewer, ProbeOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(viewer);
        ArgumentNullException.ThrowIfNull(order);
        return reveals.OfAsync(viewer.Id, Subject(order), cancellationToken);
    }

    /// <summary>Notes that the person reveals a sheet.</summary>
    /// <exception cref="NotAllowedException">They may not see the probe.</exception>
    public async Task RevealAsync(Actor viewer, ProbeOrder order, string code, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        if (await orders.FindAsync(viewer, order.Id, code, cancellationToken) is null)
            throw new NotAllowedException("This sheet is for administrators and auditors.");
        await reveals.RevealAsync(viewer, Subject(order), [NumberOf(code)], cancellationToken);
    }

    /// <summary>The digest of a sheet and whether it is still veiled for the person; null when there is none they may see.</summary>
    internal async Task<(string Digest, bool Veiled)?> FindAsync(long orderId, string code, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        var viewer = Actor.From(user);
        if (await orders.FindAsync(viewer, orderId, code, cancellationToken) is not var (order, probe)
            || order.Request is null || !RequestAccess.MaySee(user, order.Request) || probe.Sheet is not { } digest)
        {
            return null;
        }
        return (digest, !(await RevealedAsync(viewer, order, cancellationToken)).Contains(NumberOf(code)));
    }

    internal Task<byte[]> ReadAsync(string digest, CancellationToken cancellationToken) => artifacts.ReadAsync(digest, cancellationToken);

    internal static int NumberOf(string code) => ProbeCodes.All.ToList().IndexOf(code);

    private static string Subject(ProbeOrder order) => $"request/{order.RequestId}/red-team/{order.Id}";
}
