using SafetyPortal.Images;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;

namespace SafetyPortal.Web.Hosting;

/// <summary>
/// Endpoints that answer with files and data, not pages: what a use case refuses becomes problem details (RFC 9457) with a stable code.
/// </summary>
internal sealed class RefusalsAsProblems : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (NotFoundException missing)
        {
            return Problem(StatusCodes.Status404NotFound, "not-found", missing);
        }
        catch (NotAllowedException denied)
        {
            return Problem(StatusCodes.Status403Forbidden, "not-allowed", denied);
        }
        catch (IllegalMoveException illegal)
        {
            return Problem(StatusCodes.Status409Conflict, "illegal-move", illegal);
        }
        catch (BrokenHistoryException broken)
        {
            return Problem(StatusCodes.Status409Conflict, "history-broken", broken);
        }
        catch (Exception damage) when (damage is ArtifactException or ImageFormatException)
        {
            return Problem(StatusCodes.Status410Gone, "artifact-unusable", damage);
        }
    }

    private static IResult Problem(int status, string code, Exception refusal) => Results.Problem(
        refusal.Message, statusCode: status, extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["code"] = code });
}
