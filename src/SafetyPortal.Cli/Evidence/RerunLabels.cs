using SafetyPortal.Images;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Cli.Evidence;

/// <summary>
/// Judges images that were generated again as the run did: with the networks the evidence names, which must be supplied with the same digests, and with the
/// model folder's own for the rest. If a judging network differs, no image is judged.
/// </summary>
internal sealed class RerunLabels
{
    private readonly LoadedModel model;
    private readonly Dictionary<(string Prompt, long Seed), EvaluationCase> cases;

    public RerunLabels(LoadedModel model, EvidenceDocument evidence)
    {
        this.model = model;
        var recorded = evidence.Method?.Backbones ?? [];
        var supplied = model.Backbones.Uses;
        Networks = [.. recorded.Select(use => new RerunNetwork(use.Measures, use.Network, use.Digest, supplied.Contains(use)))];
        cases = recorded.Where(Judges).ToHashSet().SetEquals(supplied.Where(Judges)) ? Cases(model, evidence.Request) : [];
    }

    public IReadOnlyList<RerunNetwork> Networks { get; }

    /// <summary>Returns what is seen in an image of an entry; null without the run's judges.</summary>
    public string? Of(GalleryEntry entry, Raster image) =>
        cases.TryGetValue((entry.Prompt, entry.Seed), out var item) ? model.Reader.LabelAll(item, [image])[0] : null;

    // Distances label nothing.
    private static bool Judges(BackboneUse use) => use.Measures is not ("FID" or FeatureDistances.SecondUse or "LPIPS");

    private static Dictionary<(string Prompt, long Seed), EvaluationCase> Cases(LoadedModel model, EvidenceRequest request)
    {
        try
        {
            var size = new EvaluationSize(int.MaxValue / 8, int.MaxValue / 8);
            var all = PlanChoice.For(model, request.ConceptKind, request.ConceptName, request.EvaluationSet, size).Cases;
            return all.GroupBy(c => (c.Prompt, c.Seed)).ToDictionary(g => g.Key, g => g.First());
        }
        catch (InvalidDataException)
        {
            // The folder has no prompts or judges. The images are compared without labels.
            return [];
        }
    }
}
