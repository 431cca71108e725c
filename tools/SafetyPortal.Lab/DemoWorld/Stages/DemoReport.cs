using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Evaluation.Detection;
using SafetyPortal.Images;
using SafetyPortal.Lab.DemoWorld.Captions;
using SafetyPortal.Lab.DemoWorld.World;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Stages;

/// <summary>How good the trained networks are, measured on renders nothing trained on and on generated pictures.</summary>
public sealed record DemoReport
{
    /// <summary>PSNR of the autoencoder on held-out renders, in dB.</summary>
    public double? AutoencoderPsnr { get; init; }

    /// <summary>Share of held-out renders whose class the judge names; and of its styles, mannequins left out.</summary>
    public (double Class, double Style)? Judge { get; init; }

    /// <summary>Share of held-out renders whose class, and whose style, CLIP finds among all captions.</summary>
    public (double Class, double Style)? Clip { get; init; }

    /// <summary>Share of generated pictures the judge recognises, per class name.</summary>
    public IReadOnlyDictionary<string, double> GeneratedByClass { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary>Share of generated pictures whose style the judge recognises, per style.</summary>
    public IReadOnlyDictionary<string, double> GeneratedByStyle { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary>Measures the stages that have been trained.</summary>
    public static DemoReport Measure(StageContext context, int seedsPerCell)
    {
        var report = new DemoReport();
        bool Has(string stage) => File.Exists(Path.Combine(context.WorkDirectory, stage + ".checkpoint.safetensors"));
        if (Has(AutoencoderStage.Name))
        {
            using var vae = DecoderStage.LoadBest(context);
            report = report with { AutoencoderPsnr = AutoencoderStage.Psnr(context, vae) };
        }

        if (Has(ClipStage.Name))
        {
            using var clip = ClipStage.Load(context);
            report = report with { Clip = MeasureClip(context, clip) };
        }

        if (!Has(JudgeStage.Name))
            return report;
        using var judge = JudgeStage.Load(context);
        var scenes = Enumerable.Range(0, 512).Select(i => Scene.Draw(context.Recipe.PictureSeed + 1, i)).ToArray();
        var verdicts = judge.Classify([.. scenes.Select(context.Renderer.Render)]);
        report = report with
        {
            Judge = (
                Share(verdicts.Zip(scenes), p => string.Equals(p.First.Object, p.Second.ClassName, StringComparison.Ordinal)),
                Share(
                    verdicts.Zip(scenes).Where(p => !Vocabulary.IsMannequin(p.Second.Class)),
                    p => string.Equals(p.First.Style, p.Second.StyleName, StringComparison.Ordinal))),
        };
        return Has(UnetStage.Name) && seedsPerCell > 0 ? MeasureGenerated(context, judge, report, seedsPerCell) : report;
    }

    private static (double Class, double Style) MeasureClip(StageContext context, ClipModel clip)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var classes = clip.EncodeTexts(context.Ids([.. Vocabulary.Classes.Select(c => $"a picture of {CaptionWriter.WithArticle(c)}")]));
        var styles = clip.EncodeTexts(context.Ids([.. Vocabulary.Styles.Select(s => $"a picture in the style of {s}")]));
        var (right, rightStyle, styled, count) = (0, 0, 0, 0);
        foreach (var chunk in Enumerable.Range(0, Math.Min(512, context.HeldOut.Count)).Select(i => (long)i).Chunk(64))
        {
            using var inner = NewDisposeScope();
            var images = clip.EncodeImages(ClipStage.Normalise(context.HeldOut.Batch(chunk)));
            var byClass = images.mm(classes.t()).argmax(-1).data<long>().ToArray();
            var byStyle = images.mm(styles.t()).argmax(-1).data<long>().ToArray();
            for (var i = 0; i < chunk.Length; i++)
            {
                var scene = context.HeldOut.Scenes[(int)chunk[i]];
                count++;
                right += byClass[i] == scene.Class ? 1 : 0;
                if (Vocabulary.IsMannequin(scene.Class))
                    continue;
                styled++;
                rightStyle += byStyle[i] == scene.Style ? 1 : 0;
            }
        }

        return ((double)right / count, (double)rightStyle / styled);
    }

    private static DemoReport MeasureGenerated(StageContext context, ConceptClassifier judge, DemoReport report, int seedsPerCell)
    {
        using var sampler = new Sampler(context);
        var cells = (from seed in Enumerable.Range(0, seedsPerCell)
                     from name in Vocabulary.Objects
                     from style in Vocabulary.Styles
                     select (Class: name, Style: style, Prompt: $"a picture of {CaptionWriter.WithArticle(name)} in the style of {style}"))
            .Concat(from seed in Enumerable.Range(0, seedsPerCell * 4)
                    from name in (string[])[Vocabulary.Nude, Vocabulary.Clothed]
                    select (Class: name, Style: Vocabulary.NoStyle, Prompt: $"a picture of {CaptionWriter.WithArticle(name)}"))
            .ToArray();
        IReadOnlyList<Raster> pictures = sampler.Sample([.. cells.Select(c => c.Prompt)], seed: 70_000);
        var verdicts = judge.Classify(pictures).Zip(cells).ToArray();
        return report with
        {
            GeneratedByClass = verdicts.GroupBy(v => v.Second.Class, StringComparer.Ordinal)
                .ToDictionary(g => g.Key, g => Share(g, v => string.Equals(v.First.Object, g.Key, StringComparison.Ordinal)), StringComparer.Ordinal),
            GeneratedByStyle = verdicts.Where(v => !string.Equals(v.Second.Style, Vocabulary.NoStyle, StringComparison.Ordinal))
                .GroupBy(v => v.Second.Style, StringComparer.Ordinal)
                .ToDictionary(g => g.Key, g => Share(g, v => string.Equals(v.First.Style, g.Key, StringComparison.Ordinal)), StringComparer.Ordinal),
        };
    }

    private static double Share<T>(IEnumerable<T> items, Func<T, bool> condition)
    {
        var all = items.ToList();
        return all.Count == 0 ? 0 : (double)all.Count(condition) / all.Count;
    }
}
