using SafetyPortal.Evaluation.Detection;
using SafetyPortal.Lab.DemoWorld.Training;
using SafetyPortal.Lab.DemoWorld.World;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Stages;

/// <summary>
/// Trains the judge on renders made worse: blur, noise and colour casts, so that it does not hang on the crispness of a render, and
/// shuffled or empty pictures as a class of their own, so that it need not name what nobody could.
/// </summary>
public static class JudgeStage
{
    public const string Name = "judge";
    private const int Batch = 64;
    private const double Spoiled = 0.12;

    public static ConceptClassifierConfig Config { get; } = new()
    {
        Objects = [.. Vocabulary.Classes, ConceptClassifierConfig.Unrecognisable],
        Styles = Vocabulary.StyleClasses,
    };

    public static TrainingResult Train(StageContext context, TrainingSettings settings, CancellationToken cancel) =>
        new TrainingLoop<ConceptClassifier>(settings with { LearningRate = 2e-3, WeightDecay = 0.02, AverageDecay = 0.98 }).Run(
            () => new ConceptClassifier(Config), (model, batch) => Loss(context, model, batch), context.Report, null, cancel);

    /// <summary>The trained judge, averaged weights, float32.</summary>
    public static ConceptClassifier Load(StageContext context) => context.Trained(Name, new ConceptClassifier(Config));

    private static Tensor Loss(StageContext context, ConceptClassifier model, MicroBatch batch)
    {
        var random = batch.Random();
        var indices = context.DrawPictures(ref random, Batch);
        var objects = new long[Batch];
        var styles = new long[Batch];
        var pictures = context.Pictures.Batch(indices); // [B, 3, 64, 64]
        var worse = new List<Tensor>(Batch);
        for (var i = 0; i < Batch; i++)
        {
            var scene = context.Pictures.Scenes[(int)indices[i]];
            var picture = pictures.narrow(0, i, 1);
            (objects[i], styles[i]) = (scene.Class, scene.Style);
            if (random.Chance(Spoiled))
            {
                picture = Spoil(picture, ref random);
                (objects[i], styles[i]) = (Vocabulary.Classes.Count, Vocabulary.StyleClasses.Count - 1);
            }

            worse.Add(Degrade(picture, ref random));
        }

        var noise = batch.Noise(pictures.shape) * random.Between(0, 0.12);
        var logits = model.call((cat(worse, 0) + noise).to(context.Compute)).to(ScalarType.Float32);
        return nn.functional.cross_entropy(logits.narrow(1, 0, Config.Objects.Count), tensor(objects))
            + nn.functional.cross_entropy(logits.narrow(1, Config.Objects.Count, Config.Styles.Count), tensor(styles)) * 0.5;
    }

    private static Tensor Degrade(Tensor picture, ref SceneRandom random)
    {
        if (random.Chance(0.4))
        {
            var blurred = nn.functional.avg_pool2d(nn.functional.pad(picture, (1L, 1L, 1L, 1L), PaddingModes.Replicate), 3, 1);
            picture = picture + (blurred - picture) * random.NextDouble();
        }

        if (random.Chance(0.5))
        {
            var cast = tensor(new[] { (float)random.Between(-0.12, 0.12), (float)random.Between(-0.12, 0.12), (float)random.Between(-0.12, 0.12) });
            picture = picture * random.Between(0.85, 1.1) + cast.reshape(1, 3, 1, 1);
        }

        return picture;
    }

    /// <summary>Cuts the picture into a grid and shuffles it, or leaves only its corner's colour.</summary>
    private static Tensor Spoil(Tensor picture, ref SceneRandom random)
    {
        if (random.Chance(0.25))
            return picture.narrow(2, 0, 1).narrow(3, 0, 1).expand(picture.shape).contiguous();
        var cells = random.Chance(0.5) ? 4 : 8;
        var side = picture.shape[2] / cells;
        var order = Enumerable.Range(0, cells * cells).Select(i => (long)i).ToArray();
        for (var i = order.Length - 1; i > 0; i--)
        {
            var j = random.Index(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }

        var grid = picture.reshape(3, cells, side, cells, side).permute(1, 3, 0, 2, 4).reshape(cells * cells, 3, side, side);
        var shuffled = grid.index_select(0, tensor(order)).reshape(cells, cells, 3, side, side);
        return shuffled.permute(2, 0, 3, 1, 4).reshape(1, 3, cells * side, cells * side);
    }
}
