using System.Globalization;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Models;

namespace SafetyPortal.Web.Requests;

/// <summary>
/// What the form holds while it is written, valid or not; it is kept as a draft in this shape. Null texts mean "the default for the
/// kind", which the form shows and explains.
/// </summary>
public sealed class RequestFormModel
{
    public long ModelVersionId { get; set; }

    public ConceptKind Kind { get; set; }

    public string Name { get; set; } = "";

    /// <summary>Parted by commas.</summary>
    public string Synonyms { get; set; } = "";

    /// <summary>One prompt a line.</summary>
    public string? ConceptPrompts { get; set; }

    /// <summary>One prompt a line; an empty line is the empty prompt.</summary>
    public string? BasePrompts { get; set; }

    public AblationScope? Scope { get; set; }

    public EraseMethod Method { get; set; } = EraseMethods.Default;

    /// <summary>Per cent, parted by commas.</summary>
    public string Doses { get; set; } = "1, 2, 3, 5, 8";

    public long Seed { get; set; }

    /// <summary>Not in the form; kept for requests that name another than the default.</summary>
    public string EvaluationSet { get; set; } = "default";

    public RequestPriority Priority { get; set; } = RequestPriority.Normal;

    public string Justification { get; set; } = "";

    /// <summary>Digests of pictures that were checked and stored.</summary>
    public List<string> ReferenceImages { get; set; } = [];

    public IReadOnlyList<string> SynonymList => Split(Synonyms, ',');

    /// <summary>The prompts as they would be filed, from the text or from the defaults of the kind.</summary>
    public IReadOnlyList<string> ResolveConceptPrompts(ModelVersion? model) => ConceptPrompts is null
        ? Findings.ConceptPrompts.DefaultFor(Kind, EffectiveName, model?.Objects ?? [], model?.Styles)
        : Split(ConceptPrompts, '\n');

    /// <summary>The default base prompts for what is written so far, with the reason for them.</summary>
    public BasePromptChoice DefaultBase(ModelVersion? model) =>
        Findings.ConceptPrompts.DefaultBase(Kind, EffectiveName, SynonymList, ResolveConceptPrompts(model));

    /// <summary>Nudity is one concept; it has no name of its own to choose.</summary>
    public string EffectiveName => Kind == ConceptKind.Nudity ? "nudity" : Name;

    /// <summary>Changes the kind. What was written for one kind means nothing for another; the defaults of the new kind apply.</summary>
    public void ChooseKind(ConceptKind kind) =>
        (Kind, Name, Synonyms, ConceptPrompts, BasePrompts, Scope) = (kind, "", "", null, null, null);

    /// <summary>The content to file.</summary>
    /// <exception cref="InvalidRequestException">The doses are not numbers.</exception>
    public RequestContent ToContent(ModelVersion? model) => new()
    {
        ModelVersionId = ModelVersionId,
        ConceptKind = Kind,
        ConceptName = EffectiveName,
        Synonyms = SynonymList,
        ConceptPrompts = ResolveConceptPrompts(model),
        BasePrompts = BasePrompts is null ? null : [.. BasePrompts.ReplaceLineEndings("\n").Split('\n').Select(line => line.Trim())],
        Scope = Scope,
        Method = Method,
        Doses = ParseDoses(Doses),
        Seed = Seed,
        EvaluationSet = EvaluationSet,
        Priority = Priority,
        Justification = Justification,
        ReferenceImages = [.. ReferenceImages],
    };

    public static RequestFormModel From(EraseRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new()
        {
            ModelVersionId = request.ModelVersionId,
            Kind = request.ConceptKind,
            Name = request.ConceptName,
            Synonyms = string.Join(", ", request.Synonyms),
            ConceptPrompts = string.Join('\n', request.ConceptPrompts),
            BasePrompts = string.Join('\n', request.BasePrompts),
            Scope = request.Scope,
            Method = request.Method,
            Doses = string.Join(", ", request.Doses.Select(Percent)),
            Seed = request.Seed,
            EvaluationSet = request.EvaluationSet,
            Priority = request.Priority,
            Justification = request.Justification,
            ReferenceImages = [.. request.ReferenceImages],
        };
    }

    /// <summary>The doses as the form understands them, for the person to check: a decimal comma parts two doses.</summary>
    public string UnderstoodDoses()
    {
        try
        {
            return $"Understood as {string.Join(" and ", ParseDoses(Doses).Select(dose => $"{Percent(dose)} %"))}.";
        }
        catch (InvalidRequestException error)
        {
            return error.Message;
        }
    }

    // Decimal, so that per cents become shares and come back without rounding.
    private static IReadOnlyList<double> ParseDoses(string text) => [.. Split(text, ',').Select(part =>
        decimal.TryParse(part.TrimEnd('%', ' '), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent)
            ? (double)(percent / 100)
            : throw new InvalidRequestException([new(nameof(RequestContent.Doses), $"Expected doses in per cent such as \"1, 2.5, 5\", got \"{part}\".")]))];

    private static string Percent(double dose) => ((decimal)dose * 100).ToString("0.############", CultureInfo.InvariantCulture);

    private static IReadOnlyList<string> Split(string text, char separator) =>
        text.ReplaceLineEndings("\n").Split(separator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
