using System.Globalization;
using SafetyPortal.Requests;
using SafetyPortal.Requests.Models;

namespace SafetyPortal.Web.Requests;

/// <summary>
/// The request form, valid or not, as <see cref="RequestDrafts"/> stores it. Null texts mean "the default for the kind", which the form shows and explains.
/// </summary>
public sealed class RequestFormModel
{
    public long ModelVersionId { get; set; }

    public ConceptKind Kind { get; set; }

    public string Name { get; set; } = "";

    /// <summary>Has commas between the synonyms.</summary>
    public string Synonyms { get; set; } = "";

    /// <summary>One prompt a line.</summary>
    public string? ConceptPrompts { get; set; }

    /// <summary>One prompt a line; an empty line is the empty prompt.</summary>
    public string? BasePrompts { get; set; }

    public AblationScope? Scope { get; set; }

    public EraseMethod Method { get; set; } = EraseMethods.Default;

    /// <summary>In per cent, with commas between them.</summary>
    public string Doses { get; set; } = "1, 2, 3, 5, 8";

    public long Seed { get; set; }

    /// <summary>The form has no field for it; an edit keeps the set of its request.</summary>
    public string EvaluationSet { get; set; } = "default";

    public RequestPriority Priority { get; set; } = RequestPriority.Normal;

    public string Justification { get; set; } = "";

    /// <summary>Digests of the pictures that <see cref="Pictures.ReferencePicture"/> stored.</summary>
    public List<string> ReferenceImages { get; set; } = [];

    public IReadOnlyList<string> SynonymList => Split(Synonyms, ',');

    /// <summary>Returns the prompts to file, from the text or from the defaults of the kind.</summary>
    public IReadOnlyList<string> ResolveConceptPrompts(ModelVersion? model) => ConceptPrompts is null
        ? Findings.ConceptPrompts.DefaultFor(Kind, EffectiveName, model?.Objects ?? [], model?.Styles)
        : Split(ConceptPrompts, '\n');

    /// <summary>The base prompts that the reviewer wrote, one a line; null for the default.</summary>
    public IReadOnlyList<string>? WrittenBasePrompts =>
        BasePrompts is null ? null : [.. BasePrompts.ReplaceLineEndings("\n").Split('\n').Select(line => line.Trim())];

    /// <summary>Returns the default base prompts for the form's concept and prompts, with the reason for them.</summary>
    public BasePromptChoice DefaultBase(ModelVersion? model) =>
        Findings.ConceptPrompts.DefaultBase(Kind, EffectiveName, SynonymList, ResolveConceptPrompts(model));

    /// <summary>The name to file: nudity is one concept, so a reviewer does not name it.</summary>
    public string EffectiveName => Kind == ConceptKind.Nudity ? "nudity" : Name;

    /// <summary>Changes the kind and clears what holds for one kind alone, so that the defaults of the new kind apply.</summary>
    public void ChooseKind(ConceptKind kind) =>
        (Kind, Name, Synonyms, ConceptPrompts, BasePrompts, Scope) = (kind, "", "", null, null, null);

    /// <summary>Returns the content to file.</summary>
    /// <exception cref="InvalidRequestException">The doses are not numbers.</exception>
    public RequestContent ToContent(ModelVersion? model) => new()
    {
        ModelVersionId = ModelVersionId,
        ConceptKind = Kind,
        ConceptName = EffectiveName,
        Synonyms = SynonymList,
        ConceptPrompts = ResolveConceptPrompts(model),
        BasePrompts = WrittenBasePrompts,
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

    /// <summary>Returns how the form reads the doses, or why it cannot: it takes a decimal comma for the end of a dose.</summary>
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

    // Decimal, so that no dose is rounded on its way from per cent to share and back.
    private static IReadOnlyList<double> ParseDoses(string text) => [.. Split(text, ',').Select(part =>
        decimal.TryParse(part.TrimEnd('%', ' '), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent)
            ? (double)(percent / 100)
            : throw new InvalidRequestException([new(nameof(RequestContent.Doses), $"Expected doses in per cent such as \"1, 2.5, 5\", got \"{part}\".")]))];

    private static string Percent(double dose) => ((decimal)dose * 100).ToString("0.############", CultureInfo.InvariantCulture);

    private static IReadOnlyList<string> Split(string text, char separator) =>
        text.ReplaceLineEndings("\n").Split(separator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
