using SafetyPortal.Images;
using SafetyPortal.Lab.DemoWorld.Stages;
using SafetyPortal.Lab.DemoWorld.Training;

namespace SafetyPortal.Lab.DemoWorld;

/// <summary>Runs the stages of the embedded model's training by name.</summary>
public static class DemoTraining
{
    private const int SheetPeriod = 4;

    /// <summary>Stage names in the order in which they depend on each other.</summary>
    public static IReadOnlyList<string> Stages { get; } = [ClipStage.Name, JudgeStage.Name, AutoencoderStage.Name, UnetStage.Name, DecoderStage.Name];

    /// <summary>Steps of each stage unless told otherwise.</summary>
    public static long DefaultSteps(string stage) => stage switch
    {
        ClipStage.Name => 400,
        JudgeStage.Name => 700,
        AutoencoderStage.Name => 3_000,
        UnetStage.Name => 6_000,
        DecoderStage.Name => 2_000,
        _ => throw new ArgumentException($"There is no stage '{stage}'; expected one of {string.Join(", ", Stages)}.", nameof(stage)),
    };

    /// <summary>Trains one stage, or goes on where its checkpoint is.</summary>
    /// <param name="context">Pictures, folders, threads.</param>
    /// <param name="stage">One of <see cref="Stages"/>.</param>
    /// <param name="steps">Steps in all; null for the default.</param>
    /// <param name="seed">Seed of weights, batches and noise.</param>
    /// <param name="budget">Ends the schedule early; null for no limit.</param>
    /// <param name="sheets">Draw a sample sheet at each checkpoint of the noise predictor.</param>
    /// <param name="cancel">Stops after the current step, checkpoint written.</param>
    public static TrainingResult Train(
        StageContext context, string stage, long? steps, long seed, TimeSpan? budget, bool sheets, CancellationToken cancel)
    {
        var count = steps ?? DefaultSteps(stage);
        return stage switch
        {
            ClipStage.Name => ClipStage.Train(context, ClipStage.Settings(context, count, seed, budget), cancel),
            JudgeStage.Name => JudgeStage.Train(context, JudgeStage.Settings(context, count, seed + 1, budget), cancel),
            AutoencoderStage.Name => AutoencoderStage.Train(context, AutoencoderStage.Settings(context, count, seed + 2, budget), cancel),
            UnetStage.Name => UnetStage.Train(
                context, UnetStage.Settings(context, count, seed + 3, budget), sheets ? SheetEvery(context, SheetPeriod) : null, cancel),
            DecoderStage.Name => DecoderStage.Train(context, DecoderStage.Settings(context, count, seed + 4, budget), cancel),
            _ => throw new ArgumentException($"There is no stage '{stage}'; expected one of {string.Join(", ", Stages)}.", nameof(stage)),
        };
    }

    /// <summary>A sheet costs as much as fifty steps, so not every checkpoint gets one.</summary>
    private static Action SheetEvery(StageContext context, int period)
    {
        var checkpoint = 0;
        return () =>
        {
            if (++checkpoint % period == 0)
                DrawSheet(context, "unet-sheet", 500);
        };
    }

    /// <summary>Samples every object in every style from the latest checkpoint and writes NAME.png to the work folder.</summary>
    /// <returns>The path written.</returns>
    public static string DrawSheet(StageContext context, string name, long seed, double guidance = 3)
    {
        using var sampler = new Sampler(context);
        var path = Path.Combine(context.WorkDirectory, name + ".png");
        File.WriteAllBytes(path, ImageCodec.EncodePng(sampler.Sheet(seed, guidance)));
        return path;
    }
}
