using SafetyPortal.Requests.Audit;

namespace SafetyPortal.Requests.Filing;

/// <summary>The history names texts and pictures by a digest that is salted per request, so that a reader cannot guess deleted text from it.</summary>
public static class PromptDigest
{
    /// <summary>Returns the payload of an event about the content of a request.</summary>
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

    /// <summary>Returns the SHA-256 over the canonical JSON of the value and the request's salt.</summary>
    public static string Of<T>(EraseRequest request, T value) => Of(request.PromptSalt, value);

    internal static string Of<T>(string salt, T value) => CanonicalJson.Digest(new { salt, value });
}
