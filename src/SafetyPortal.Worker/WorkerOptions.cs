using Microsoft.Extensions.Configuration;
using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Erasure.Faithfulness;
using SafetyPortal.Trials.Edits;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Worker;

/// <summary>How this process carries out runs. Evidence records everything but paths.</summary>
public sealed class WorkerOptions
{
    public const string Section = "Worker";

    /// <summary>Folder whose sub-folders are the models.</summary>
    public string ModelRoot { get; set; } = "models";

    /// <summary>Folder of <see cref="Stages.GalleryMemo"/>; null remembers no gallery.</summary>
    public string? CacheFolder { get; set; }

    /// <summary>Threads of libtorch and its BLAS.</summary>
    public int Threads { get; set; } = TorchThread.DefaultThreads;

    /// <summary>Device that computes: cpu, cuda or cuda:N.</summary>
    public string Device { get; set; } = "cpu";

    /// <summary>DDIM steps of the attribution trajectories.</summary>
    public int AttributionSteps { get; set; } = 25;

    /// <summary>Seeds over which attribution averages.</summary>
    public int AttributionSeeds { get; set; } = 4;

    /// <summary>Class name of the scheduler of the evaluation images; null takes the model's own.</summary>
    public string? ImageScheduler { get; set; } = PaintSettings.FastScheduler;

    /// <summary>Denoising steps of the evaluation images. DPM-Solver++ needs about half as many as DDIM.</summary>
    public int ImageSteps { get; set; } = 20;

    /// <summary>Guidance of the evaluation images.</summary>
    public double ImageGuidance { get; set; } = PaintSettings.DefaultGuidance;

    /// <summary>Images generated at once.</summary>
    public int BatchSize { get; set; } = PaintSettings.DefaultBatch;

    /// <summary>Images per concept in the evaluation.</summary>
    public EvaluationSize Images { get; set; } = EvaluationSize.Default with { }; // A copy, because Bind changes it in place.

    /// <summary>Images of each control, which shows a direction and needs fewer.</summary>
    public EvaluationSize ControlImages { get; set; } = new(8, 1);

    /// <summary>Images by which the improved method picks a dose before the gallery confirms it.</summary>
    public EvaluationSize SearchImages { get; set; } = new(16, 1);

    /// <summary>How much edits and controls may cost.</summary>
    public EditEffort Effort { get; set; } = new();

    /// <summary>How much the comparison of scores with ablations may cost.</summary>
    public FaithfulnessSettings Faithfulness { get; set; } = new();

    /// <summary>Files of the backbones, for example <c>Worker:Evaluation:NudeNet</c> in the configuration.</summary>
    public BackboneOptions Evaluation { get; set; } = new();

    /// <summary>Whether a run tries no larger dose once one passes the policy.</summary>
    public bool StopAtFirstPass { get; set; } = true;

    /// <summary>The red team of a run.</summary>
    public RedTeamOptions RedTeam { get; set; } = new();

    /// <summary>Takes the settings of a configuration section.</summary>
    /// <exception cref="InvalidOperationException">A setting is unknown, or its value cannot be read; the message names it.</exception>
    public void Bind(IConfiguration section)
    {
        // The binder appends to a list that is there.
        if (section.GetSection($"{nameof(RedTeam)}:{nameof(RedTeamOptions.Probes)}").Exists())
            RedTeam.Probes = [];
        section.Bind(this, binder => binder.ErrorOnUnknownConfiguration = true);
    }
}
