using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Filing;
using SafetyPortal.Web.Decisions;

namespace SafetyPortal.Web.Requests;

/// <summary>
/// Reference pictures of a nudity request are veiled like the pictures of its runs: for everyone, until the person's reveal is in the
/// history. A reveal names the picture itself, so that it says nothing about a picture that took its place later.
/// </summary>
public sealed class ReferenceVeil(ImageReveals reveals)
{
    public static bool Covers(EraseRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.ConceptKind == ConceptKind.Nudity;
    }

    /// <summary>The address of a picture of a request, sharp or as its veil.</summary>
    public static string Url(long request, string digest, bool veiled) => $"/requests/{request}/pictures/{digest}{(veiled ? "/veiled" : "")}";

    /// <summary>Whether the picture is still veiled for the person.</summary>
    public async Task<bool> IsVeiledAsync(Actor viewer, EraseRequest request, string digest, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(viewer);
        return Covers(request) && (await reveals.OfAsync(viewer.Id, Subject(request, digest), cancellationToken)).Count == 0;
    }

    /// <summary>Notes that the person reveals the picture.</summary>
    /// <exception cref="NotFoundException">The request names no such picture.</exception>
    public Task RevealAsync(Actor viewer, EraseRequest request, string digest, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!request.ReferenceImages.Contains(digest, StringComparer.Ordinal))
            throw new NotFoundException($"Request {request.Id} has no such reference picture.");
        return reveals.RevealAsync(viewer, Subject(request, digest), [0], cancellationToken);
    }

    // The salted digest by which the filing names it in the history as well.
    private static string Subject(EraseRequest request, string digest) => $"request/{request.Id}/picture/{PromptDigest.Of(request, digest)}";
}
