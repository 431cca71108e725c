using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Data;

namespace SafetyPortal.Requests.RedTeam;

/// <summary>An order as one person may see it.</summary>
/// <param name="Findings">Null before the order succeeded; without the probes that the person may not see.</param>
/// <param name="Hidden">How many probes of the order the person may not see.</param>
public sealed record ProbeOrderView(ProbeOrder Order, RedTeamEvidence? Findings, int Hidden);

/// <summary>Reads orders, without what <see cref="ProbeAccess"/> hides from the viewer.</summary>
public sealed class ProbeOrderQueries(IDbContextFactory<PortalDb> databases, IArtifactStore artifacts)
{
    /// <summary>Returns the orders of a request, newest first. The caller checks that the viewer may see the request.</summary>
    /// <exception cref="ArtifactException">A report is missing or damaged.</exception>
    public async Task<IReadOnlyList<ProbeOrderView>> ListAsync(Actor viewer, long requestId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var roles = await db.RolesOfAsync(viewer.Id, cancellationToken);
        var orders = await db.ProbeOrders.AsNoTracking().Where(o => o.RequestId == requestId).OrderByDescending(o => o.Id).ToListAsync(cancellationToken);
        var views = new List<ProbeOrderView>();
        foreach (var order in orders)
            views.Add(await ViewAsync(order, roles, cancellationToken));
        return views;
    }

    /// <summary>Returns one order with its request, or null. The caller checks that the viewer may see the request.</summary>
    /// <inheritdoc cref="ListAsync"/>
    public async Task<ProbeOrderView?> FindAsync(Actor viewer, long orderId, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var order = await db.ProbeOrders.AsNoTracking().Include(o => o.Request).SingleOrDefaultAsync(o => o.Id == orderId, cancellationToken);
        return order is null ? null : await ViewAsync(order, await db.RolesOfAsync(viewer.Id, cancellationToken), cancellationToken);
    }

    private async Task<ProbeOrderView> ViewAsync(ProbeOrder order, IReadOnlyCollection<string> roles, CancellationToken cancellationToken) => new(
        order,
        await ReadAsync(order, cancellationToken) is { } findings ? ProbeAccess.Filter(findings, roles) : null,
        order.Probes.Count(code => !ProbeAccess.MaySee(roles, code)));

    private async Task<RedTeamEvidence?> ReadAsync(ProbeOrder order, CancellationToken cancellationToken)
    {
        if (order.Report is not { } digest)
            return null;
        try
        {
            return ProbeReport.FromBytes(await artifacts.ReadAsync(digest, cancellationToken)).Findings;
        }
        catch (JsonException error)
        {
            throw new ArtifactException($"The report of red-team order {order.Id} cannot be read: {error.Message}", error);
        }
    }
}
