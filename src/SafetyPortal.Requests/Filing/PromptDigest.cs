using SafetyPortal.Requests.Audit;

namespace SafetyPortal.Requests.Filing;

/// <summary>The history names people's texts and pictures by a digest that is salted per request, so that deleted text cannot be guessed from it.</summary>
public static class PromptDigest
{
    /// <summary>The payload of an event about the content of a request.</summary>
    internal static object Describe(EraseRequest request) => new
    {
        model = request.ModelVersionId,
        conceptKind = request.ConceptKind,
        concept = request.ConceptName,
        scope = request.Scope,
        method = request.Method,
        doses = request.Doses,
        seed = request.Seed,
        evaluationSet = request.EvaluationSet,
        priority = request.Priority,
        referenceImages = request.ReferenceImages.Select(digest => Of(request, digest)),
        textDigest = Of(request, new { request.Synonyms, request.ConceptPrompts, request.BasePrompts, request.Justification }),
    };

    /// <summary>SHA-256 over the canonical JSON of the value and the request's salt.</summary>
    public static string Of<T>(EraseRequest request, T value)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Of(request.PromptSalt, value);
    }

    internal static string Of<T>(string salt, T value) => CanonicalJson.Digest(new { salt, value });
}
