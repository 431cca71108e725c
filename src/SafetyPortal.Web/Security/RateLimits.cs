using System.Collections.Concurrent;
using System.Security.Claims;
using System.Threading.RateLimiting;
using SafetyPortal.Requests.Accounts;

namespace SafetyPortal.Web.Security;

/// <summary>
/// What is limited: form posts to the account pages per address, which slows down guessing besides the lockout per account; and packs,
/// exports and verifications per person, each of which reads much of what is stored.
/// </summary>
internal static class RateLimits
{
    /// <summary>Name of the limit on copies: a person makes so many at a time, and the next is refused at once.</summary>
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

/// <summary>The same for what a page does in its circuit: one at a time for each person, however many windows they have open.</summary>
public sealed class OneAtATime
{
    private readonly ConcurrentDictionary<string, byte> busy = new(StringComparer.Ordinal);

    /// <exception cref="NotAllowedException">The person's last one is not finished.</exception>
    public async Task<T> RunAsync<T>(Actor actor, Func<Task<T>> work)
    {
        ArgumentNullException.ThrowIfNull(actor);
        ArgumentNullException.ThrowIfNull(work);
        if (!busy.TryAdd(actor.Id, 0))
            throw new NotAllowedException("The one you started before is not finished; wait for it.");
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
