using SafetyPortal.Evaluation.Detection;
using SafetyPortal.Lab.DemoWorld.Captions;
using SafetyPortal.Lab.DemoWorld.Training;
using SafetyPortal.Lab.DemoWorld.World;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Stages;

/// <summary>Shares of pictures whose class, and whose style, a network names; mannequins have no style.</summary>
public sealed record Recognised(double Class, double Style);

/// <summary>How good the trained networks are, measured on renders that nothing trained on and on generated pictures; figures have four digits.</summary>
/// <param name="AutoencoderPsnr">PSNR on held-out renders, in dB; null like every figure of a stage that is not trained yet.</param>
/// <param name="JudgeOnRenders">What the judge names of held-out renders.</param>
/// <param name="ClipOnRenders">What CLIP finds among all captions.</param>
/// <param name="GeneratedByClass">Share of generated pictures that the judge recognises, per class.</param>
/// <param name="GeneratedByStyle">Share of generated pictures whose style the judge recognises, per style.</param>
public sealed record DemoReport(
    double? AutoencoderPsnr,
    Recognised? JudgeOnRenders,
    Recognised? ClipOnRenders,
    IReadOnlyDictionary<string, double> GeneratedByClass,
    IReadOnlyDictionary<string, double> GeneratedByStyle)
{
    /// <summary>Measures the stages that have been trained.</summary>
    public static DemoReport Measure(StageContext context, int seedsPerCell)
    {
        bool Has(string stage) => TrainingCheckpoint.Exists(context.WorkDirectory, stage);
        var none = new Dictionary<string, double>(StringComparer.Ordinal);
        var report = new DemoReport(
            Has(AutoencoderStage.Name) ? Psnr(context) : null, null, Has(ClipStage.Name) ? MeasureClip(context) : null, none, none);
        if (!Has(JudgeStage.Name))
            return report;
        using var judge = JudgeStage.Load(context);
        var scenes = Enumerable.Range(0, 512).Select(i => Scene.Draw(context.Recipe.PictureSeed + 1, i)).ToArray();
        var verdicts = judge.Classify([.. scenes.Select(context.Renderer.Render)]).Zip(scenes).ToArray();
        report = report with
        {
            JudgeOnRenders = new(
                Share(verdicts, v => v.First.Object == v.Second.ClassName),
                Share(verdicts.Where(v => !Vocabulary.IsMannequin(v.Second.Class)), v => v.First.Style == v.Second.StyleName)),
        };
        return Has(UnetStage.Name) && seedsPerCell > 0 ? MeasureGenerated(context, judge, report, seedsPerCell) : report;
    }

    private static double Psnr(StageContext context)
    {
        using var vae = DecoderStage.LoadBest(context);
        return Math.Round(AutoencoderStage.Psnr(context, vae), 4);
    }

    private static Recognised MeasureClip(StageContext context)
    {
        using var clip = ClipStage.Load(context);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var classes = clip.EncodeTexts(context.Ids([.. Vocabulary.Classes.Select(c => CaptionWriter.Of(c))]));
        var styles = clip.EncodeTexts(context.Ids([.. Vocabulary.Styles.Select(s => $"a picture in the style of {s}")]));
        var found = new List<(bool Class, bool? Style)>();
        while (found.Count < Math.Min(512, context.HeldOut.Count))
        {
            using var inner = NewDisposeScope();
            var first = found.Count;
            var images = clip.EncodeImages(ClipStage.Normalise(context.HeldOut.Range(first, Math.Min(64, context.HeldOut.Count - first))));
            var byClass = images.mm(classes.t()).argmax(-1).data<long>().ToArray();
            var byStyle = images.mm(styles.t()).argmax(-1).data<long>().ToArray();
            found.AddRange(context.HeldOut.Scenes.Skip(first).Zip(byClass, byStyle).Select(p =>
                (p.Second == p.First.Class, Vocabulary.IsMannequin(p.First.Class) ? (bool?)null : p.Third == p.First.Style)));
        }

        return new(Share(found, f => f.Class), Share(found.Where(f => f.Style is not null), f => f.Style == true));
    }

    private static DemoReport MeasureGenerated(StageContext context, ConceptClassifier judge, DemoReport report, int seedsPerCell)
    {
        using var sampler = new Sampler(context);
        var objects = Vocabulary.Objects.SelectMany(subject => Vocabulary.Styles.Select(style => (Class: subject, Style: style)));
        var mannequins = Vocabulary.Mannequins.Select(subject => (Class: subject, Style: Vocabulary.NoStyle));
        (string Class, string Style)[] cells =
        [
            .. Enumerable.Repeat(objects, seedsPerCell).SelectMany(cell => cell),
            .. Enumerable.Repeat(mannequins, seedsPerCell * 4).SelectMany(cell => cell),
        ];
        var verdicts = judge.Classify(sampler.Sample([.. cells.Select(c => CaptionWriter.Of(c.Class, c.Style))], seed: 70_000)).Zip(cells).ToArray();
        return report with
        {
            GeneratedByClass = verdicts.GroupBy(v => v.Second.Class, StringComparer.Ordinal)
                .ToDictionary(g => g.Key, g => Share(g, v => v.First.Object == g.Key), StringComparer.Ordinal),
            GeneratedByStyle = verdicts.Where(v => v.Second.Style != Vocabulary.NoStyle)
                .GroupBy(v => v.Second.Style, StringComparer.Ordinal)
                .ToDictionary(g => g.Key, g => Share(g, v => v.First.Style == g.Key), StringComparer.Ordinal),
        };
    }

    private static double Share<T>(IEnumerable<T> items, Func<T, bool> condition)
    {
        var all = items.ToList();
        return all.Count == 0 ? 0 : Math.Round((double)all.Count(condition) / all.Count, 4);
    }
}
