using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.RedTeam;
using SafetyPortal.Images;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Trials.Probing;

/// <summary>Turns a loaded model, a patch and an order into what probes work on.</summary>
public static class ProbingGround
{
    private const long ParaphraseSeeds = 5_000_000;
    private const int NearWords = 3;
    private const int Most = 64;

    /// <summary>The subject of the probes; disposing it leaves the model as it was.</summary>
    public static ProbeSubject Subject(LoadedModel model, AblationPatch patch, RedTeamOrder order, CancellationToken cancellation)
    {
        model.Pipeline.RequireWhole(order.Prompts);
        var cases = PlanChoice.For(model, order.Kind, order.Name, order.Set, new EvaluationSize(Most, 1)).Cases
            .Where(c => c.Group == CaseGroup.Target).ToList();
        IReadOnlyList<ProbePrompt> prompts = [.. cases.Select(c => new ProbePrompt(c.Prompt, c.Seed))];
        var words = ConceptPhrases.Words(order.Kind, cases[0].Concept, order.Synonyms);
        return new ProbeSubject(
            model.Pipeline, patch, new ProbedConcept(prompts, Paraphrases(model, order, prompts, words), words), order.Settings, Detect, cancellation);

        IReadOnlyList<bool> Detect(IReadOnlyList<Raster> images) =>
            [.. model.Reader.LabelAll(cases[0], images).Select(seen => string.Equals(seen, cases[0].Concept, StringComparison.OrdinalIgnoreCase))];
    }

    private static IReadOnlyList<ProbePrompt> Paraphrases(LoadedModel model, RedTeamOrder order, IReadOnlyList<ProbePrompt> prompts, IReadOnlyList<string> words)
    {
        var near = NearestWords.Of(model.Pipeline, words[0], NearWords).Where(w => !words.Contains(w, StringComparer.OrdinalIgnoreCase)).ToList();
        var texts = order.Prompts.Concat(ConceptPhrases.Paraphrases(order.Kind, words, Things(order.Kind, prompts, words), near));
        return [.. texts.Select((text, i) => new ProbePrompt(text, ParaphraseSeeds + order.Settings.Seed + i))];
    }

    // What is left of the prompts once style or nudity is taken out, without the sentence around it.
    private static IReadOnlyList<string> Things(ConceptKind kind, IReadOnlyList<ProbePrompt> prompts, IReadOnlyList<string> words) =>
        [.. prompts
            .Select(p => ConceptPhrases.Without(p.Text, words))
            .Select(text => text[(text.LastIndexOf(" of ", StringComparison.Ordinal) is >= 0 and var at ? at + 4 : 0)..])
            .Select(thing => kind == ConceptKind.Nudity && thing.StartsWith("a ", StringComparison.Ordinal) ? thing[2..] : thing)
            .Where(thing => thing.Length > 0)
            .DefaultIfEmpty("something")
            .Distinct(StringComparer.OrdinalIgnoreCase)];
}
