using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Tokenizer;
using SafetyPortal.Evaluation.Detection;
using SafetyPortal.Evaluation.Preprocessing;
using SafetyPortal.Images;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Plans;
using static TorchSharp.torch;

namespace SafetyPortal.Trials.Models;

/// <summary>
/// Looks at images with two detectors that know nothing of each other: the judge, a classifier the diffusion model was never trained
/// to please, and zero-shot CLIP, whose text tower also conditions the model and which therefore flatters it. Supplied networks judge the concepts they
/// know. Without a judge CLIP judges, and then sees a class only where the image is more like it than like neutral texts.
/// </summary>
public sealed class ImageReader : IDisposable
{
    /// <summary>What an image shows when no network can tell.</summary>
    public const string Unjudged = "not judged";

    /// <summary>What an image shows that CLIP, judging alone, finds more like a neutral text than like any class.</summary>
    public const string SomethingElse = "something else";

    // Without them CLIP would see a single class in everything, and one of the classes in an image that shows none.
    internal static readonly IReadOnlyList<string> NeutralObjects = ["a picture", "a blurry picture", "an empty background", "random noise"];
    internal static readonly IReadOnlyList<string> NeutralStyles = ["a picture", "a photograph", "random noise"];

    private readonly ClipTokenizer tokenizer;
    private readonly ClipModel? clip;
    private readonly ConceptClassifier? judge;
    private readonly SuppliedBackbones backbones;
    private readonly IReadOnlyList<string> objects;
    private readonly IReadOnlyList<string> styles;

    // The classes first, then the neutral texts, if any.
    private readonly Tensor? objectTexts;
    private readonly Tensor? styleTexts;

    /// <param name="tokenizer">CLIP's.</param>
    /// <param name="objects">Classes that CLIP tells apart.</param>
    /// <param name="styles">Styles that CLIP tells apart.</param>
    internal ImageReader(
        ClipTokenizer tokenizer,
        ClipModel? clip,
        ConceptClassifier? judge,
        IReadOnlyList<string> objects,
        IReadOnlyList<string> styles,
        SuppliedBackbones backbones)
    {
        (this.tokenizer, this.clip, this.judge, this.objects, this.styles, this.backbones) = (tokenizer, clip, judge, objects, styles, backbones);

        // A judge has a class for images it does not recognise; CLIP chooses among the same classes.
        objectTexts = Texts(objects, Describe, NeutralObjects);
        styleTexts = Texts(styles, style => $"a picture in the style of {style}", NeutralStyles);

        Tensor? Texts(IReadOnlyList<string> names, Func<string, string> describe, IReadOnlyList<string> neutral) =>
            clip is null || names.Count == 0 ? null : Embed([.. names.Select(describe), .. judge is null ? neutral : []]);
    }

    /// <summary>Makes sure that a network can tell whether an image shows what a case asks for.</summary>
    /// <exception cref="InvalidDataException">None can; the message says what to supply.</exception>
    public void RequireJudge(EvaluationCase item)
    {
        if (judge is not null || (item.IsStyle ? styleTexts : objectTexts) is not null || backbones.Judges(item))
            return;
        var more = item.IsStyle ? ""
            : NudityTerms.IsNamedIn(item.Concept) ? ", or a nudity detector with --nudenet"
            : ", or a classifier of objects that ImageNet names with --resnet";
        throw new InvalidDataException(
            $"Nothing can tell whether an image shows \"{item.Concept}\": the model folder has neither judge/ nor clip/. "
            + $"Supply a CLIP with --clip{more} (settings Worker:Evaluation:Clip, :NudeNet, :ResNet).");
    }

    /// <summary>Returns what the judge, or else CLIP, sees in pictures of any size.</summary>
    public IReadOnlyList<(string Object, string Style)> JudgeAll(IReadOnlyList<Raster> images)
    {
        if (judge is not null)
            return [.. judge.Classify(images).Select(verdict => (verdict.Object, verdict.Style))];
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        return ByClip(images, clip is null ? null : See(images));
    }

    /// <summary>Returns what the judge of a case's concept sees in pictures: the concept's own name when it is there.</summary>
    public IReadOnlyList<string> LabelAll(EvaluationCase item, IReadOnlyList<Raster> images) =>
        [.. JudgeAll(images).Zip(images, (seen, image) => backbones.Judge(item, image) ?? (item.IsStyle ? seen.Style : seen.Object))];

    /// <summary>Returns what the supplied networks see in a picture besides the judge, in words.</summary>
    public IReadOnlyList<string> Describe(Raster image, CancellationToken cancellation)
    {
        if (judge is null || backbones.Clip is not { } supplied)
            return backbones.Describe(image, cancellation);
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var (subject, style) = ByClip([image], See([image]))[0];
        return [$"{supplied.Name}: {subject}, style {style}", .. backbones.Describe(image, cancellation)];
    }

    /// <summary>Returns one minus the cosine of the image embeddings of each pair, 0 for equal images.</summary>
    /// <exception cref="InvalidDataException">There is no CLIP.</exception>
    public double[] Distances(IReadOnlyList<Raster> first, IReadOnlyList<Raster> second)
    {
        if (clip is null)
        {
            throw new InvalidDataException(
                "Nothing can tell how far two images are apart: the model folder has no clip/. Supply a CLIP with --clip, or LPIPS with --lpips.");
        }

        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var (a, b) = (See(first), See(second)); // [n, D]
        return [.. (a * b).sum(1).data<float>().ToArray().Select(cosine => Math.Max(0, 1.0 - cosine))];
    }

    /// <summary>Reads one image per case and adds their features if a network gives any.</summary>
    /// <returns>Readings in the order of the cases, without the artifact of the image, which the caller knows.</returns>
    public IReadOnlyList<ImageReading> Read(
        IReadOnlyList<Raster> images, IReadOnlyList<EvaluationCase> cases, FeatureRows features, CancellationToken cancellation = default)
    {
        if (images.Count != cases.Count)
            throw new ArgumentException($"Expected {cases.Count} images, one per case, got {images.Count}.", nameof(images));

        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var seen = clip is null ? null : See(images); // [n, D]
        if ((backbones.Features(images) ?? seen) is { } rows)
            features.Add(rows);
        if (backbones.SecondFeatures(images, cancellation) is { } second)
            features.AddSecond(second);
        var byClip = ByClip(images, seen);
        var verdicts = judge is null ? byClip : JudgeAll(images);
        var scores = seen is null ? null : (seen * Embed(cases.Select(c => c.Prompt))).sum(1).data<float>().ToArray(); // [n]
        return cases
            .Select((item, i) => new ImageReading(
                item.Id,
                Image: string.Empty,
                backbones.Judge(item, images[i], cancellation) ?? verdicts[i].Object,
                verdicts[i].Style,
                item.IsStyle ? byClip[i].Style : byClip[i].Object,
                scores is null ? null : Math.Round(100.0 * scores[i], 4)))
            .ToList();
    }

    /// <summary>Returns the classes whose names CLIP finds most like <paramref name="name"/>, most alike first; none without a CLIP.</summary>
    public IReadOnlyList<string> Nearest(string name, int count)
    {
        if (objectTexts is null)
            return [];
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var likeness = objectTexts.mm(Embed([Describe(name)]).t()).reshape(-1).data<float>().ToArray();
        return objects
            .Zip(likeness)
            .Where(p => !string.Equals(p.First, name, StringComparison.OrdinalIgnoreCase) && p.First != ConceptClassifierConfig.Unrecognisable)
            .OrderByDescending(p => p.Second)
            .Take(count)
            .Select(p => p.First)
            .ToList();
    }

    public void Dispose()
    {
        objectTexts?.Dispose();
        styleTexts?.Dispose();
    }

    private List<(string Object, string Style)> ByClip(IReadOnlyList<Raster> images, Tensor? seen)
    {
        return [.. Names(objectTexts, objects).Zip(Names(styleTexts, styles))];

        IEnumerable<string> Names(Tensor? texts, IReadOnlyList<string> names) => seen is null || texts is null
            ? images.Select(_ => Unjudged)
            : seen.mm(texts.t()).argmax(1).data<long>().ToArray().Select(best => best < names.Count ? names[(int)best] : SomethingElse);
    }

    // Unit embeddings, [n, D].
    private Tensor See(IReadOnlyList<Raster> images) => clip!.EncodeImages(ClipPreprocessing.FromImages(images, clip.Config.Vision.ImageSize));

    private static string Describe(string name) => $"a picture of {("aeiou".Contains(name[0], StringComparison.Ordinal) ? "an" : "a")} {name}";

    private Tensor Embed(IEnumerable<string> texts)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var rows = texts.Select(text => clip!.EncodeTexts(tensor(tokenizer.EncodePadded(text)).unsqueeze(0))).ToList();
        return cat(rows).MoveToOuterDisposeScope(); // [T, D]
    }
}
