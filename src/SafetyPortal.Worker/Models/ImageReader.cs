using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Tokenizer;
using SafetyPortal.Evaluation.Detection;
using SafetyPortal.Evaluation.Preprocessing;
using SafetyPortal.Images;
using SafetyPortal.Worker.Measuring;
using SafetyPortal.Worker.Plans;
using static TorchSharp.torch;

namespace SafetyPortal.Worker.Models;

/// <summary>
/// Looks at images with two detectors that know nothing of each other: the judge, a classifier the diffusion model was never trained
/// to please, and zero-shot CLIP, whose text tower also conditions the model and which therefore flatters it.
/// </summary>
public sealed class ImageReader : IDisposable
{
    private readonly ClipTokenizer tokenizer;
    private readonly ClipModel clip;
    private readonly ConceptClassifier judge;
    private readonly SuppliedBackbones? backbones;
    private readonly Tensor objectTexts;
    private readonly Tensor styleTexts;

    public ImageReader(ClipTokenizer tokenizer, ClipModel clip, ConceptClassifier judge, SuppliedBackbones? backbones = null)
    {
        ArgumentNullException.ThrowIfNull(judge);
        this.tokenizer = tokenizer;
        this.clip = clip;
        this.judge = judge;
        this.backbones = backbones;
        objectTexts = Embed(judge.Config.Objects.Select(Describe));
        styleTexts = Embed(judge.Config.Styles.Select(style => $"a picture in the style of {style}"));
    }

    /// <summary>What the judge sees in one picture of any size.</summary>
    public (string Object, string Style) Judge(Raster image)
    {
        var verdict = judge.Classify([image])[0];
        return (verdict.Object, verdict.Style);
    }

    /// <summary>What the judge sees in pictures of any size.</summary>
    public IReadOnlyList<(string Object, string Style)> JudgeAll(IReadOnlyList<Raster> images) =>
        [.. judge.Classify(images).Select(verdict => (verdict.Object, verdict.Style))];

    /// <summary>One minus the cosine of the image embeddings of each pair, 0 for equal images.</summary>
    public double[] Distances(IReadOnlyList<Raster> first, IReadOnlyList<Raster> second)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var size = clip.Config.Vision.ImageSize;
        var (a, b) = (clip.EncodeImages(ClipPreprocessing.FromImages(first, size)), clip.EncodeImages(ClipPreprocessing.FromImages(second, size))); // [n, D]
        return [.. (a * b).sum(1).data<float>().ToArray().Select(cosine => Math.Max(0, 1.0 - cosine))];
    }

    /// <summary>Reads one image per case and adds their features.</summary>
    /// <returns>Readings in the order of the cases, without the artifact of the image, which the caller knows.</returns>
    public IReadOnlyList<ImageReading> Read(IReadOnlyList<Raster> images, IReadOnlyList<EvaluationCase> cases, FeatureRows features)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(cases);
        ArgumentNullException.ThrowIfNull(features);
        if (images.Count != cases.Count) throw new ArgumentException($"Expected {cases.Count} images, one per case, got {images.Count}.", nameof(images));

        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var verdicts = judge.Classify(images);
        var seen = clip.EncodeImages(ClipPreprocessing.FromImages(images, clip.Config.Vision.ImageSize)); // [n, D]
        features.Add(backbones?.Features(images) ?? seen);
        var objects = seen.mm(objectTexts.t()).argmax(1).data<long>().ToArray(); // [n]
        var styles = seen.mm(styleTexts.t()).argmax(1).data<long>().ToArray(); // [n]
        var scores = (seen * Embed(cases.Select(c => c.Prompt))).sum(1).data<float>().ToArray(); // [n]
        return cases
            .Select((item, i) => new ImageReading(
                item.Id,
                Image: string.Empty,
                backbones?.Judge(item, images[i]) ?? verdicts[i].Object,
                verdicts[i].Style,
                item.IsStyle ? judge.Config.Styles[(int)styles[i]] : judge.Config.Objects[(int)objects[i]],
                Math.Round(100.0 * scores[i], 4)))
            .ToList();
    }

    /// <summary>The classes whose names CLIP finds most alike to <paramref name="name"/>, most alike first.</summary>
    public IReadOnlyList<string> Nearest(string name, int count)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var likeness = objectTexts.mm(Embed([Describe(name)]).t()).reshape(-1).data<float>().ToArray();
        return judge.Config.Objects
            .Zip(likeness)
            .Where(p => !string.Equals(p.First, name, StringComparison.OrdinalIgnoreCase) && IsThing(p.First))
            .OrderByDescending(p => p.Second)
            .Take(count)
            .Select(p => p.First)
            .ToList();
    }

    public void Dispose()
    {
        objectTexts.Dispose();
        styleTexts.Dispose();
    }

    private static bool IsThing(string name) => !string.Equals(name, ConceptClassifierConfig.Unrecognisable, StringComparison.Ordinal);

    private static string Describe(string name) => $"a picture of {("aeiou".Contains(name[0], StringComparison.Ordinal) ? "an" : "a")} {name}";

    private Tensor Embed(IEnumerable<string> texts)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var rows = texts.Select(text => clip.EncodeTexts(tensor(tokenizer.EncodePadded(text)).unsqueeze(0))).ToList();
        return cat(rows).MoveToOuterDisposeScope(); // [T, D]
    }
}
