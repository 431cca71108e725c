using System.CommandLine;
using SafetyPortal.Trials.Edits;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Plans;
using SafetyPortal.Worker;

namespace SafetyPortal.Cli.Commands;

/// <summary>How much work a run does. The defaults are the portal's; smaller values finish sooner and say less.</summary>
internal sealed class SizeOptions
{
    private static readonly WorkerOptions Defaults = new();

    private readonly Option<int> targets = CommonOptions.Number("--targets", "Images of the erased concept.", Defaults.Images.Target);
    private readonly Option<int> perConcept = CommonOptions.Number("--per-concept", "Images of each other concept.", Defaults.Images.PerConcept);
    private readonly Option<int> imageSteps = CommonOptions.Number(
        "--image-steps", "DPM-Solver++ steps of each image; about 20 for a full-size model.", PaintSettings.DemoSteps);

    private readonly Option<int> attributionSteps = CommonOptions.Number(
        "--attribution-steps", "DDIM steps of each attribution trajectory.", Defaults.AttributionSteps);

    private readonly Option<int> attributionSeeds = CommonOptions.Number(
        "--attribution-seeds", "Attribution trajectories whose scores are averaged.", Defaults.AttributionSeeds);

    private readonly Option<int> checks = CommonOptions.Number(
        "--checks", "Random ablations that the scores are compared with; 0 leaves the check out.", Defaults.Faithfulness.Ablations, least: 0);

    private readonly Option<int> effort = CommonOptions.Number(
        "--effort", "What goes into making edits and controls, 1 for a trial.", EditEffort.DefaultLevel);

    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<bool> wholeCurve = new("--whole-curve") { Description = "Try every dose instead of stopping at the smallest that passes." };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { targets, perConcept, imageSteps, attributionSteps, attributionSeeds, checks, effort, device, wholeCurve })
            command.Options.Add(option);
    }

    public WorkerOptions Read(ParseResult parsed, int threads) => new()
    {
        Threads = threads,
        Device = ModelLoading.Device(parsed.GetValue(device)!).ToString(),
        Images = new EvaluationSize(parsed.GetValue(targets), parsed.GetValue(perConcept)),
        ImageSteps = parsed.GetValue(imageSteps),
        AttributionSteps = parsed.GetValue(attributionSteps),
        AttributionSeeds = parsed.GetValue(attributionSeeds),
        Faithfulness = Defaults.Faithfulness with { Ablations = parsed.GetValue(checks) },
        Effort = EditEffort.OfLevel(parsed.GetValue(effort)),
        StopAtFirstPass = !parsed.GetValue(wholeCurve),
    };
}
