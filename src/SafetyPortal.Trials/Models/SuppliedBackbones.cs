using System.Security.Cryptography;
using SafetyPortal.Evaluation;
using SafetyPortal.Evaluation.Backbones;
using SafetyPortal.Evaluation.Detection;
using SafetyPortal.Images;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Plans;
using static TorchSharp.torch;

namespace SafetyPortal.Trials.Models;

/// <summary>The networks of <see cref="BackboneOptions"/> in memory. Belongs to the torch thread.</summary>
public sealed class SuppliedBackbones : IDisposable
{
    private readonly InceptionV3? inception;
    private readonly ResNet50? resNet;
    private readonly ImageNetLabels labels = ImageNetLabels.Imagenette;
    private readonly NudityDetector? nudeNet;
    private readonly ResNet18? second;

    private SuppliedBackbones(BackboneOptions options)
    {
        options.RequireUses();
        var uses = new List<BackboneUse>();
        try
        {
            if (options.Clip is { } towers)
            {
                Clip = SuppliedClip.Load(towers, options.ClipOrigin);
                uses.Add(new("CLIP score, zero-shot detection", Clip.Name, Clip.Digest));
                if (options.Inception is null)
                    uses.Add(new("FID", Clip.Name, Clip.Digest));
            }

            if (options.Inception is { } features)
            {
                inception = InceptionV3.Load(features);
                uses.Add(new("FID", "InceptionV3", Digest(features)));
            }

            if (options.Lpips is { } pairs)
            {
                Lpips = options.LpipsLinear is { } linear ? Lpips.Load(pairs, linear) : Lpips.Load(pairs);
                uses.Add(new("LPIPS", Lpips.Backbone, Digest(options.LpipsLinear is { } layers ? [pairs, layers] : [pairs])));
            }

            if (options.ResNet is { } objects)
            {
                resNet = ResNet50.Load(objects);
                labels = options.ImageNetLabels is { } names ? ImageNetLabels.Load(names) : ImageNetLabels.Imagenette;
                uses.Add(new("objects", "ResNet-50, ImageNet top-1", Digest(objects)));
            }

            if (options.NudeNet is { } nudity)
            {
                nudeNet = NudityDetector.Load(nudity, options.NudeNetThreshold, options.NudeNetSize);
                var network = $"NudeNet at {nudeNet.InputSide} x {nudeNet.InputSide}, {NudityDetector.Exposed.Count} exposed labels";
                uses.Add(new("nudity", network, Digest(nudity), options.NudeNetThreshold));
            }

            if (options.SecondJudge)
            {
                second = ResNet18.Load();
                uses.Add(new(FeatureDistances.SecondUse, "ResNet-18", Digest(ResNet18.Files())));
            }
        }
        catch
        {
            Dispose();
            throw;
        }

        Uses = uses;
    }

    /// <summary>What is measured with which file; empty when nothing was supplied.</summary>
    public IReadOnlyList<BackboneUse> Uses { get; }

    /// <summary>Both towers of CLIP; null when not supplied.</summary>
    public SuppliedClip? Clip { get; }

    /// <summary>The distance of pairs; null when not supplied.</summary>
    public Lpips? Lpips { get; }

    /// <exception cref="SafetyPortal.Diffusion.ModelFormatException">A file is missing or malformed; the message names it and what is wrong.</exception>
    public static SuppliedBackbones Load(BackboneOptions? options) => new(options ?? new());

    /// <summary>Returns features for FID, [n, 2048]; null when no InceptionV3 was supplied.</summary>
    public Tensor? Features(IReadOnlyList<Raster> images)
    {
        if (inception is null)
            return null;
        using var scope = NewDisposeScope();
        var rows = inception.Read(images).Features;
        return cat(Enumerable.Range(0, rows.Count).Select(i => tensor(rows[i].ToArray(), [1L, rows.Dimension])).ToList()).MoveToOuterDisposeScope();
    }

    /// <summary>Returns features of the second network; null without <see cref="BackboneOptions.SecondJudge"/>.</summary>
    public Features? SecondFeatures(IReadOnlyList<Raster> images, CancellationToken cancellation = default) => second?.Read(images, cancellation);

    /// <summary>
    /// Returns what the supplied judge of a case's concept sees: the concept's own name when it is there, something else when it is not; null when
    /// no supplied network judges the concept.
    /// </summary>
    public string? Judge(EvaluationCase item, Raster image, CancellationToken cancellation = default)
    {
        if (JudgesNudity(item))
            return nudeNet!.ExposedParts(image, cancellation) is { Count: > 0 } ? item.Concept : "nothing exposed";
        if (ImageNetClass(item) is not { } wanted)
            return null;
        var seen = ImageNetTop(image);
        return seen == wanted ? item.Concept : labels.NameOf(seen);
    }

    /// <summary>Returns what the supplied detectors see in a picture, in words.</summary>
    public IReadOnlyList<string> Describe(Raster image, CancellationToken cancellation = default)
    {
        var seen = new List<string>();
        if (resNet is not null)
            seen.Add($"ResNet-50: {labels.NameOf(ImageNetTop(image))}");
        if (nudeNet is not null)
        {
            var parts = nudeNet.ExposedParts(image, cancellation);
            var found = parts.Count > 0 ? string.Join(", ", parts) : "nothing exposed";
            seen.Add(FormattableString.Invariant($"NudeNet at {nudeNet.InputSide} from {nudeNet.Threshold:0.00}: {found}"));
        }

        return seen;
    }

    /// <summary>Whether one of them judges the concept of a case.</summary>
    public bool Judges(EvaluationCase item) => JudgesNudity(item) || ImageNetClass(item) is not null;

    public void Dispose()
    {
        Clip?.Dispose();
        inception?.Dispose();
        Lpips?.Dispose();
        resNet?.Dispose();
        nudeNet?.Dispose();
        second?.Dispose();
    }

    private bool JudgesNudity(EvaluationCase item) => nudeNet is not null && !item.IsStyle && NudityTerms.IsNamedIn(item.Concept);

    private int? ImageNetClass(EvaluationCase item) => resNet is null || item.IsStyle ? null : labels.Find(item.Concept);

    private int ImageNetTop(Raster image)
    {
        var probabilities = resNet!.Classify(image);
        return Array.IndexOf(probabilities, probabilities.Max());
    }

    /// <summary>Returns the SHA-256 of a file, or that over the digests of several.</summary>
    internal static string Digest(params string[] paths)
    {
        var digests = paths.Select(path =>
        {
            using var file = File.OpenRead(path);
            return SHA256.HashData(file);
        }).ToList();
        return Convert.ToHexStringLower(digests.Count == 1 ? digests[0] : SHA256.HashData([.. digests.SelectMany(d => d)]));
    }
}
