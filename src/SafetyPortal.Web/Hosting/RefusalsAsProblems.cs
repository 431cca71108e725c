using SafetyPortal.Images;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;

namespace SafetyPortal.Web.Hosting;

/// <summary>Turns the refusals of use cases into problem details (RFC 9457) with a stable code, at endpoints that send files and data.</summary>
internal sealed class RefusalsAsProblems : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (Exception refusal) when (Meaning(refusal) is { } meaning)
        {
            return Problem(meaning.Status, meaning.Code, refusal.Message);
        }
    }

    public static IResult Problem(int status, string code, string message) => Results.Problem(
        message, statusCode: status, extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["code"] = code });

    private static (int Status, string Code)? Meaning(Exception error) => error switch
    {
        InvalidRequestException => (StatusCodes.Status400BadRequest, "invalid"),
        NotFoundException => (StatusCodes.Status404NotFound, "not-found"),
        NotAllowedException => (StatusCodes.Status403Forbidden, "not-allowed"),
        IllegalMoveException => (StatusCodes.Status409Conflict, "illegal-move"),
        BrokenHistoryException => (StatusCodes.Status409Conflict, "history-broken"),
        ArtifactException or ImageFormatException => (StatusCodes.Status410Gone, "artifact-unusable"),
        _ => null,
    };
}
