namespace SafetyPortal.Requests;

/// <summary>A person entered something that the portal refuses. The message lists every problem.</summary>
public sealed class InvalidRequestException(IReadOnlyList<RequestProblem> problems)
    : ArgumentException(string.Join(" ", problems.Select(problem => problem.Message)))
{
    public IReadOnlyList<RequestProblem> Problems { get; } = problems;
}

/// <summary>What a reviewer enters. Null takes the default for the kind of concept.</summary>
public sealed record RequestContent
{
    public const int MaxPrompts = 64;
    public const int MaxPromptLength = 500;
    public const int MaxDoses = 12;
    public const int MaxReferenceImages = 6;

    /// <summary>2^53 - 1: evidence holds seeds as JSON numbers, which are exact up to there.</summary>
    public const long MaxSeed = 9_007_199_254_740_991;

    public required long ModelVersionId { get; init; }

    public required ConceptKind ConceptKind { get; init; }

    /// <summary>1 to 80 characters.</summary>
    public required string ConceptName { get; init; }

    public IReadOnlyList<string> Synonyms { get; init; } = [];

    /// <summary>1 to 64 prompts that show the concept, each up to 500 characters.</summary>
    public required IReadOnlyList<string> ConceptPrompts { get; init; }

    /// <summary>One prompt for all, or one per concept prompt; null or empty takes <see cref="Findings.ConceptPrompts.DefaultBase"/>.</summary>
    public IReadOnlyList<string>? BasePrompts { get; init; }

    /// <summary>Null takes <see cref="Findings.ConceptPrompts.DefaultScope"/>.</summary>
    public AblationScope? Scope { get; init; }

    public EraseMethod Method { get; init; } = EraseMethods.Default;

    /// <summary>1 to 12 different shares in (0, 0.5].</summary>
    public IReadOnlyList<double> Doses { get; init; } = EraseMethods.DefaultDoses;

    /// <summary>0 to <see cref="MaxSeed"/>.</summary>
    public long Seed { get; init; }

    public string EvaluationSet { get; init; } = "default";

    /// <summary>10 to 4,000 characters.</summary>
    public required string Justification { get; init; }

    public RequestPriority Priority { get; init; } = RequestPriority.Normal;

    /// <summary>Artifact digests of up to 6 reference pictures.</summary>
    public IReadOnlyList<string> ReferenceImages { get; init; } = [];

    /// <summary>Returns the base prompts, or the default for the kind.</summary>
    public IReadOnlyList<string> ResolveBasePrompts() => BasePrompts is { Count: > 0 }
        ? [.. BasePrompts.Select(prompt => prompt.Trim())]
        : Findings.ConceptPrompts.DefaultBase(ConceptKind, ConceptName, Synonyms, ConceptPrompts).Prompts;

    /// <summary>Returns everything wrong with the content; empty when it can be filed.</summary>
    public IReadOnlyList<RequestProblem> Problems()
    {
        var problems = new List<RequestProblem>();
        void Check(bool fine, string field, string message)
        {
            if (!fine)
                problems.Add(new(field, message));
        }

        Check(ModelVersionId > 0, nameof(ModelVersionId), "Choose a model.");
        Check(Enum.IsDefined(ConceptKind), nameof(ConceptKind), "Choose what kind of concept it is: object, style or nudity.");
        Check(
            ConceptKind == ConceptKind.Nudity || !NamesNudity(),
            nameof(ConceptKind), "The name, a synonym or a prompt asks for nudity: choose the kind nudity, which needs two approvers and veils its pictures.");
        Check(Scope is null || Enum.IsDefined(Scope.Value), nameof(Scope), "The scope must be row, tensor or model.");
        Check(Enum.IsDefined(Method), nameof(Method), "The method must be improved, cad or app.");
        Check(Enum.IsDefined(Priority), nameof(Priority), "The priority must be low, normal or high.");
        Check(WrittenText.IsLine(ConceptName, 1, 80), nameof(ConceptName), "Name the concept in 1 to 80 characters, none of them invisible.");
        Check(WrittenText.IsText(Justification, 10, 4000), nameof(Justification), "Say in 10 to 4,000 characters why it should be removed.");
        Check(WrittenText.IsLine(EvaluationSet, 1, 80), nameof(EvaluationSet), "Name an evaluation set.");
        Check(Seed is >= 0 and <= MaxSeed, nameof(Seed), $"The seed must be 0 to {MaxSeed}, not {Seed}.");
        Check(
            Synonyms.Count <= MaxPrompts && Synonyms.All(s => WrittenText.IsLine(s, 1, 80) && !s.Contains(',', StringComparison.Ordinal)),
            nameof(Synonyms), $"Give up to {MaxPrompts} synonyms of 1 to 80 characters, none of them invisible or a comma.");
        Check(
            ConceptPrompts.Count is >= 1 and <= MaxPrompts && ConceptPrompts.All(p => WrittenText.IsLine(p, 1, MaxPromptLength)),
            nameof(ConceptPrompts),
            $"Give 1 to {MaxPrompts} prompts that show the concept, each of 1 to {MaxPromptLength} characters, none of them invisible.");
        Check(
            BasePrompts is null
                || ((BasePrompts.Count <= 1 || BasePrompts.Count == ConceptPrompts.Count) && BasePrompts.All(p => WrittenText.IsLine(p, 0, MaxPromptLength))),
            nameof(BasePrompts),
            $"Give one base prompt for all, or one per concept prompt ({ConceptPrompts.Count}), not {BasePrompts?.Count}; "
                + $"each of at most {MaxPromptLength} characters.");
        Check(
            Doses.Count is >= 1 and <= MaxDoses && Doses.All(d => d is > 0 and <= 0.5) && Doses.Distinct().Count() == Doses.Count,
            nameof(Doses), $"Give 1 to {MaxDoses} different doses, each above 0 and at most 0.5 (50 %).");
        Check(
            ReferenceImages.Count <= MaxReferenceImages && ReferenceImages.All(Artifacts.FolderArtifactStore.IsDigest),
            nameof(ReferenceImages), $"Give up to {MaxReferenceImages} stored reference pictures.");
        if (problems.Count == 0 && PromptEqualToItsBase() is { } same)
        {
            problems.Add(new(
                BasePrompts is { Count: > 0 } ? nameof(BasePrompts) : nameof(ConceptPrompts),
                $"\"{same}\" is its own base prompt, so the two cannot be compared: "
                    + "let the prompt name the concept or one of its synonyms, or give another base prompt."));
        }

        return problems;
    }

    private bool NamesNudity() =>
        NudityTerms.IsNamedIn(ConceptName) || Synonyms.Any(NudityTerms.IsNamedIn) || ConceptPrompts.Any(NudityTerms.IsNamedIn);

    // Compared as the model reads prompts: without case and surplus blanks.
    private string? PromptEqualToItsBase()
    {
        static string[] Words(string text) => text.ToUpperInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var bases = ResolveBasePrompts();
        return ConceptPrompts.Where((prompt, i) => Words(prompt).SequenceEqual(Words(bases[bases.Count == 1 ? 0 : i]))).FirstOrDefault();
    }
}
