using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Erasure.Faithfulness;
using SafetyPortal.Trials.Edits;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Worker;

/// <summary>How this process carries out runs. Everything but paths is recorded in the evidence.</summary>
public sealed class WorkerOptions
{
    public const string Section = "Worker";

    /// <summary>Folder whose sub-folders are models; no path from a request leads anywhere else.</summary>
    public string ModelRoot { get; set; } = "models";

    /// <summary>Where finished galleries are remembered; null remembers none.</summary>
    public string? CacheFolder { get; set; }

    /// <summary>Threads of libtorch and its BLAS.</summary>
    public int Threads { get; set; } = TorchThread.DefaultThreads;

    /// <summary>Where the networks compute: cpu, cuda or cuda:N.</summary>
    public string Device { get; set; } = "cpu";

    /// <summary>DDIM steps of the attribution trajectories.</summary>
    public int AttributionSteps { get; set; } = 25;

    /// <summary>Seeds whose estimates are averaged.</summary>
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
    public EvaluationSize Images { get; set; } = EvaluationSize.Default;

    /// <summary>Images of each control: fewer than of the edit, since a control shows a direction.</summary>
    public EvaluationSize ControlImages { get; set; } = new(8, 1);

    /// <summary>Images by which the improved method picks a dose before the gallery confirms it.</summary>
    public EvaluationSize SearchImages { get; set; } = new(16, 1);

    /// <summary>How much is spent on edits and controls.</summary>
    public EditEffort Effort { get; set; } = new();

    /// <summary>How much is spent on comparing the scores with ablations.</summary>
    public FaithfulnessSettings Faithfulness { get; set; } = new();

    /// <summary>Files of the published metrics' networks, for example <c>Worker:Evaluation:NudeNet</c> in the configuration.</summary>
    public BackboneOptions Evaluation { get; set; } = new();

    /// <summary>Stop the sweep at the smallest dose that passes the policy, instead of trying them all.</summary>
    public bool StopAtFirstPass { get; set; } = true;

    /// <summary>Attempts to bring the concept back, after the metrics.</summary>
    public RedTeamOptions RedTeam { get; set; } = new();
}
