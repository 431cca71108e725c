using SafetyPortal.Images;
using SafetyPortal.Lab.DemoWorld.Stages;
using SafetyPortal.Lab.DemoWorld.Training;

namespace SafetyPortal.Lab.DemoWorld;

/// <summary>Runs the stages of the embedded model's training by name.</summary>
public static class DemoTraining
{
    /// <summary>A sheet costs as much as fifty steps, so every fourth checkpoint gets one.</summary>
    private const int SheetPeriod = 4;

    private static readonly long[] DefaultSteps = [400, 700, 3_000, 6_000, 2_000];

    /// <summary>Stage names in the order in which they depend on each other.</summary>
    public static IReadOnlyList<string> Stages { get; } = [ClipStage.Name, JudgeStage.Name, AutoencoderStage.Name, UnetStage.Name, DecoderStage.Name];

    /// <summary>Trains one stage, or goes on where its checkpoint is.</summary>
    /// <param name="context">Pictures, folders, threads.</param>
    /// <param name="stage">One of <see cref="Stages"/>.</param>
    /// <param name="steps">Steps in all; null for the default.</param>
    /// <param name="seed">Seed of weights, batches and noise; each stage adds its position.</param>
    /// <param name="budget">Ends the schedule early; null for no limit.</param>
    /// <param name="sheets">Draw sample sheets while the noise predictor trains.</param>
    /// <param name="cancel">Stops after the current step, checkpoint written.</param>
    public static TrainingResult Train(
        StageContext context, string stage, long? steps, long seed, TimeSpan? budget, bool sheets, CancellationToken cancel)
    {
        var position = Stages.ToList().IndexOf(stage);
        if (position < 0)
            throw new ArgumentException($"There is no stage '{stage}'; expected one of {string.Join(", ", Stages)}.", nameof(stage));
        var settings = new TrainingSettings
        {
            Name = stage,
            WorkDirectory = context.WorkDirectory,
            Steps = steps ?? DefaultSteps[position],
            TimeBudget = budget,
            Seed = seed + position,
            Threads = context.Threads,
            Compute = context.Compute,
        };
        return stage switch
        {
            ClipStage.Name => ClipStage.Train(context, settings, cancel),
            JudgeStage.Name => JudgeStage.Train(context, settings, cancel),
            AutoencoderStage.Name => AutoencoderStage.Train(context, settings, cancel),
            UnetStage.Name => UnetStage.Train(context, settings, sheets ? SheetEvery(context) : null, cancel),
            _ => DecoderStage.Train(context, settings, cancel),
        };
    }

    /// <summary>Samples every object in every style from the latest checkpoint and writes NAME.png to the work folder.</summary>
    /// <returns>The path written.</returns>
    public static string DrawSheet(StageContext context, string name, long seed)
    {
        using var sampler = new Sampler(context);
        var path = Path.Combine(context.WorkDirectory, name + ".png");
        File.WriteAllBytes(path, ImageCodec.EncodePng(sampler.Sheet(seed)));
        return path;
    }

    private static Action SheetEvery(StageContext context)
    {
        var checkpoint = 0;
        return () =>
        {
            if (++checkpoint % SheetPeriod == 0)
                DrawSheet(context, "unet-sheet", 500);
        };
    }
}
