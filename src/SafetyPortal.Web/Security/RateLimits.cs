using System.Collections.Concurrent;
using System.Security.Claims;
using System.Threading.RateLimiting;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Security;

/// <summary>
/// Limits the form posts to the account pages per address, which slows down guessing, and the packs and exports per person, each of which reads much of what is
/// stored.
/// </summary>
internal static class RateLimits
{
    /// <summary>Name of the limit on packs and exports: how many one person may have in progress. The next is refused at once.</summary>
    public const string Copies = "copies";

    private const int AttemptsPerMinute = 30;
    private const int CopiesAtOnce = 2;

    public static IServiceCollection AddPortalRateLimits(this IServiceCollection services) => services.AddSingleton<OneAtATime>().AddRateLimiter(options =>
    {
        options.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        options.AddPolicy(Copies, context => RateLimitPartition.GetConcurrencyLimiter(
            context.User.FindFirstValue(ClaimTypes.NameIdentifier) ?? "nobody", _ => new() { PermitLimit = CopiesAtOnce, QueueLimit = 0 }));
        options.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context =>
            HttpMethods.IsPost(context.Request.Method) && context.Request.Path.StartsWithSegments("/account", StringComparison.OrdinalIgnoreCase)
                ? RateLimitPartition.GetSlidingWindowLimiter(context.Connection.RemoteIpAddress?.ToString() ?? "unknown", _ => new()
                {
                    PermitLimit = AttemptsPerMinute,
                    Window = TimeSpan.FromMinutes(1),
                    SegmentsPerWindow = 6,
                })
                : RateLimitPartition.GetNoLimiter("other"));
    });
}

/// <summary>Limits what pages do in their circuits: one at a time for each person, in all their windows together.</summary>
public sealed class OneAtATime
{
    private readonly ConcurrentDictionary<string, byte> busy = new(StringComparer.Ordinal);

    /// <exception cref="NotAllowedException">The person's earlier one is still in progress.</exception>
    public async Task<T> RunAsync<T>(Actor actor, Func<Task<T>> work)
    {
        ArgumentNullException.ThrowIfNull(actor);
        ArgumentNullException.ThrowIfNull(work);
        if (!busy.TryAdd(actor.Id, 0))
            throw new NotAllowedException("Your earlier one is still in progress; wait for it to finish.");
        try
        {
            return await work();
        }
        finally
        {
            busy.TryRemove(actor.Id, out _);
        }
    }
}
