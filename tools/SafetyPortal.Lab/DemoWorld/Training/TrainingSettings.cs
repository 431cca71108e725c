using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Training;

/// <summary>How one network is trained; everything the numbers depend on besides the loss.</summary>
public sealed record TrainingSettings
{
    /// <summary>Names the checkpoint and the loss curve.</summary>
    public required string Name { get; init; }

    /// <summary>Folder of the checkpoint and the loss curve.</summary>
    public required string WorkDirectory { get; init; }

    /// <summary>Optimizer steps in all, those before a resume included.</summary>
    public required long Steps { get; init; }

    /// <summary>Digests, by name, of the checkpoints whose output this network is trained on; see <see cref="TrainingCheckpoint.Digests"/>.</summary>
    public IReadOnlyDictionary<string, string> Parents { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Learning rate after warm-up.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Seed of initial weights, batches, timesteps and noise.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Gradients averaged per step. Their sum has a fixed order, so the result does not depend on <see cref="Threads"/>.</summary>
    public int MicroBatches { get; init; } = 2;

    /// <summary>Replicas that work on micro-batches at the same time, each on one core.</summary>
    public int Threads { get; init; } = 2;

    /// <summary>The type forward and backward compute in; master weights, optimizer state and averages are float32 in any case.</summary>
    public ScalarType Compute { get; init; } = ScalarType.Float32;

    public long WarmupSteps { get; init; } = 50;

    /// <summary>Share of the steps at the flat rate before the cosine end sets in, 0..1.</summary>
    public double FlatShare { get; init; }

    /// <summary>Last learning rate as a share of the flat one.</summary>
    public double FinalShare { get; init; } = 0.02;

    public double Beta1 { get; init; } = 0.9;

    public double Beta2 { get; init; } = 0.99;

    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Largest norm of the averaged gradient.</summary>
    public double GradientClip { get; init; } = 1.0;

    /// <summary>Decay of the exported moving average of the weights; 0 keeps the last weights.</summary>
    public double AverageDecay { get; init; } = 0.996;

    /// <summary>Ends the schedule early: the run counts as complete after this much time; null for no limit.</summary>
    public TimeSpan? TimeBudget { get; init; }

    public TimeSpan CheckpointEvery { get; init; } = TimeSpan.FromMinutes(4);

    public int ProgressEvery { get; init; } = 20;

    /// <summary>Learning rate of a step: warm-up, a flat stretch, then half a cosine.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="progress">Share of the run that is done, 0..1.</param>
    public double RateAt(long step, double progress)
    {
        var warm = Math.Min(1, (step + 1.0) / Math.Max(1, WarmupSteps));
        var falling = FlatShare >= 1 ? 0 : Math.Clamp((progress - FlatShare) / (1 - FlatShare), 0, 1);
        var share = FinalShare + (1 - FinalShare) * 0.5 * (1 + Math.Cos(Math.PI * falling));
        return LearningRate * warm * share;
    }
}
