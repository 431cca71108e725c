using System.Diagnostics;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Training;

/// <summary>Where a run is.</summary>
/// <param name="Name">The stage.</param>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all, estimated when a time budget decides.</param>
/// <param name="Loss">Mean loss since the last report.</param>
/// <param name="LearningRate">Of the last step.</param>
/// <param name="Left">Estimated time left.</param>
public sealed record TrainingProgress(string Name, long Step, long Steps, double Loss, double LearningRate, TimeSpan Left);

/// <summary>The result of a run.</summary>
/// <param name="Step">Steps done, earlier runs included.</param>
/// <param name="Loss">Mean loss of the last report.</param>
/// <param name="Spent">Time of all runs.</param>
public sealed record TrainingResult(long Step, double Loss, TimeSpan Spent);

/// <summary>Trains one network: resume, step, report, save, until the schedule is through.</summary>
public sealed class TrainingLoop<TModule>(TrainingSettings settings)
    where TModule : nn.Module
{
    /// <param name="build">Builds the network; its random start is overwritten by one drawn from the seed.</param>
    /// <param name="loss">Loss of one micro-batch.</param>
    /// <param name="report">Receives progress; may be null.</param>
    /// <param name="saved">Called after each checkpoint; may be null.</param>
    /// <param name="cancel">Stops after the current step; the checkpoint is written first.</param>
    /// <exception cref="ArgumentException">A setting leaves nothing to train.</exception>
    public TrainingResult Run(
        Func<TModule> build,
        Func<TModule, MicroBatch, Tensor> loss,
        IProgress<TrainingProgress>? report,
        Action? saved,
        CancellationToken cancel)
    {
        Require(settings);
        Directory.CreateDirectory(settings.WorkDirectory);
        using var optimizer = new FlatAdamW(settings, InitialWeights(build));
        var before = TrainingCheckpoint.Restore(settings, optimizer) ?? TimeSpan.Zero;
        using var pool = new ReplicaPool<TModule>(build, settings.Threads, settings.MicroBatches, settings.Compute);
        using var curve = new LossCurve(settings, optimizer.Step);
        pool.Assign(optimizer.Weights);

        var start = Stopwatch.GetTimestamp();
        var firstStep = optimizer.Step;
        var lastSave = start;
        var (sum, count, mean) = (0.0, 0, double.NaN);
        var spent = before;
        while (true)
        {
            spent = before + Stopwatch.GetElapsedTime(start);
            var progress = Progress(optimizer.Step, spent);
            if (progress >= 1 || cancel.IsCancellationRequested)
                break;
            var rate = settings.RateAt(optimizer.Step, progress);
            var (value, gradient) = pool.Step(settings.Seed, optimizer.Step, loss);
            using (gradient)
                optimizer.Update(gradient, rate);
            pool.Assign(optimizer.Weights);
            sum += value;
            if (++count == settings.ProgressEvery)
            {
                (mean, sum, count) = (sum / count, 0, 0);
                curve.Add(optimizer.Step, mean, rate);
                var done = optimizer.Step - firstStep;
                var perStep = Stopwatch.GetElapsedTime(start) / done;
                var left = perStep * (settings.Steps - optimizer.Step);
                if (settings.TimeBudget is { } budget && budget - spent < left)
                    left = budget - spent;
                report?.Report(new TrainingProgress(settings.Name, optimizer.Step, optimizer.Step + (long)(left / perStep), mean, rate, left));
            }

            if (Stopwatch.GetElapsedTime(lastSave) >= settings.CheckpointEvery)
            {
                Save(before + Stopwatch.GetElapsedTime(start));
                lastSave = Stopwatch.GetTimestamp();
            }
        }

        Save(spent);
        cancel.ThrowIfCancellationRequested();
        return new TrainingResult(optimizer.Step, mean, spent);

        void Save(TimeSpan after)
        {
            TrainingCheckpoint.Save(settings, optimizer, after);
            curve.Draw();
            saved?.Invoke();
        }
    }

    private static void Require(TrainingSettings settings)
    {
        if (settings.Steps < 1)
            throw new ArgumentException($"Expected at least 1 step, got {settings.Steps}.", nameof(settings));
        if (!(settings.LearningRate is > 0 and < double.PositiveInfinity))
            throw new ArgumentException($"Expected a learning rate above 0, got {settings.LearningRate}.", nameof(settings));
        if (settings.MicroBatches is < 1 or > MicroBatch.Most)
            throw new ArgumentException($"Expected 1 to {MicroBatch.Most} micro-batches, got {settings.MicroBatches}.", nameof(settings));
        if (settings.Threads < 1)
            throw new ArgumentException($"Expected at least 1 thread, got {settings.Threads}.", nameof(settings));
        if (settings.TimeBudget is { } budget && budget <= TimeSpan.Zero)
            throw new ArgumentException($"Expected a time budget of more than nothing, got {budget}.", nameof(settings));
    }

    private double Progress(long step, TimeSpan spent) => Math.Max(
        (double)step / settings.Steps,
        settings.TimeBudget is { } budget ? spent / budget : 0);

    private Tensor InitialWeights(Func<TModule> build)
    {
        manual_seed(settings.Seed);
        using var module = build();
        return FlatParameters.Gather(module);
    }
}
