using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Lab.DemoWorld.Captions;
using SafetyPortal.Lab.DemoWorld.Training;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Stages;

/// <summary>
/// Trains the small CLIP on pictures and captions (Radford et al. 2021, figure 3). Many captions of a batch are true of several
/// pictures, so the target of a row is spread evenly over all captions that are true of its picture.
/// </summary>
public static class ClipStage
{
    public const string Name = "clip";
    private const int Batch = 96;

    public static TrainingResult Train(StageContext context, TrainingSettings settings, CancellationToken cancel) =>
        new TrainingLoop<ClipModel>(settings with { LearningRate = 1.5e-3, WeightDecay = 0.05, AverageDecay = 0.98 }).Run(
            () => Build(context), (model, batch) => Loss(context, model, batch), context.Report, null, cancel);

    /// <summary>The network with random weights; embeddings start small, as in transformers.</summary>
    public static ClipModel Build(StageContext context)
    {
        var model = new ClipModel(context.Recipe.Clip((int)context.Tokenizer.VocabularySize));
        using var guard = no_grad();
        foreach (var (name, parameter) in model.named_parameters())
        {
            if (name.Contains("position_embedding", StringComparison.Ordinal) || name.Contains("token_embedding", StringComparison.Ordinal)
                || name.Contains("class_embedding", StringComparison.Ordinal))
                parameter.mul_(0.05);
        }

        return model;
    }

    /// <summary>The trained network, averaged weights, float32.</summary>
    public static ClipModel Load(StageContext context) => context.Trained(Name, Build(context));

    /// <summary>The text tower alone, as the diffusion model uses it.</summary>
    public static ClipTextModel LoadTextTower(StageContext context)
    {
        using var clip = Load(context);
        return TextTower(clip);
    }

    /// <summary>A copy of the text tower; its parameters have the same names as in the whole network.</summary>
    public static ClipTextModel TextTower(ClipModel clip)
    {
        var text = new ClipTextModel(clip.Config.Text);
        var source = clip.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        using var guard = no_grad();
        foreach (var (name, parameter) in text.named_parameters())
            parameter.copy_(source[name]);
        text.eval();
        return text;
    }

    /// <summary>Pictures from -1..1 to the published mean and deviation of CLIP's preprocessing.</summary>
    public static Tensor Normalise(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        var mean = tensor(new[] { 0.48145466f, 0.4578275f, 0.40821073f }).reshape(1, 3, 1, 1);
        var deviation = tensor(new[] { 0.26862954f, 0.26130258f, 0.27577711f }).reshape(1, 3, 1, 1);
        return ((pictures + 1) * 0.5 - mean).div(deviation).MoveToOuterDisposeScope();
    }

    private static Tensor Loss(StageContext context, ClipModel model, MicroBatch batch)
    {
        var random = batch.Random();
        var indices = new long[Batch];
        var captions = new Caption[Batch];
        for (var i = 0; i < Batch; i++)
        {
            indices[i] = random.Index(context.Pictures.Count);
            captions[i] = CaptionWriter.Write(context.Pictures.Scenes[(int)indices[i]], ref random);
        }

        var truth = new float[Batch * Batch];
        for (var i = 0; i < Batch; i++)
        {
            for (var j = 0; j < Batch; j++)
                truth[i * Batch + j] = captions[j].IsTrueOf(context.Pictures.Scenes[(int)indices[i]]) ? 1 : 0;
        }

        var target = tensor(truth).reshape(Batch, Batch); // [I, T]
        var pixels = Normalise(context.Pictures.Batch(indices)).to(context.Compute); // [I, 3, 64, 64]
        var images = model.EncodeImages(pixels).to(ScalarType.Float32);
        var texts = model.EncodeTexts(context.Ids([.. captions.Select(c => c.Text)])).to(ScalarType.Float32);
        var logits = images.mm(texts.t()) * model.LogitScale.to(ScalarType.Float32).exp().clamp(max: 100); // [I, T]
        return (SoftCrossEntropy(logits, target) + SoftCrossEntropy(logits.t(), target.t())) * 0.5;
    }

    private static Tensor SoftCrossEntropy(Tensor logits, Tensor weights)
    {
        var targets = weights / weights.sum(-1, keepdim: true);
        return -(targets * logits.log_softmax(-1)).sum(-1).mean();
    }
}
