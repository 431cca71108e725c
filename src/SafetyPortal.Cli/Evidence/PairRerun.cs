using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Evaluation;
using SafetyPortal.Images;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Evidence.Pack;
using SafetyPortal.Trials.Measuring;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;

namespace SafetyPortal.Cli.Evidence;

/// <summary>One image that was generated again.</summary>
/// <param name="Number">Entry of the gallery, from 0.</param>
/// <param name="Side">"before" or "after".</param>
/// <param name="Exact">Every pixel is the same.</param>
/// <param name="Ssim">Structural similarity, 1 for equal images.</param>
/// <param name="Passed">Exact, or similar enough; and where the same networks judge, exact images were seen as they are labelled.</param>
/// <param name="Label">What the evidence says was seen in it.</param>
/// <param name="Seen">What is seen in it now; null if the networks that judged for the evidence were not supplied.</param>
internal sealed record RerunImage(
    int Number, string Side, string Prompt, long Seed, bool Exact, double Ssim, bool Passed, string? Label = null, string? Seen = null);

/// <summary>A network the evidence names.</summary>
/// <param name="Supplied">Whether the same file judged the images that were generated again.</param>
internal sealed record RerunNetwork(string Measures, string Network, string Digest, bool Supplied);

/// <summary>What came of generating sampled pairs again.</summary>
/// <param name="Threshold">Structural similarity that passes where the machine or its thread count is another.</param>
/// <param name="Networks">Those of the evidence.</param>
internal sealed record RerunReport(IReadOnlyList<RerunImage> Images, double Threshold, IReadOnlyList<RerunNetwork> Networks)
{
    public bool Passed => Images.Count > 0 && Images.All(image => image.Passed);
}

/// <summary>
/// Generates pairs of a pack again, from the base model and the pack's patch. The evidence digest decides which pairs, so the maker of the pack could not
/// choose them. On the machine and thread count that made them the pixels are the same. Belongs to the torch thread, and therefore waits for the pack.
/// </summary>
internal sealed class PairRerun(PackReader pack, EvidenceDocument evidence)
{
    /// <summary>Images that differ by rounding alone are far above this; images of another prompt, seed or model are far below.</summary>
    public const double Threshold = 0.95;

    // Another batch size would round differently, so whole batches are made as the run made them.
    private readonly int batch = evidence.Method?.BatchSize ?? PaintSettings.DefaultBatch;

    /// <summary>
    /// Returns the numbers of the pairs that a rerun of <paramref name="count"/> takes, ascending. A longer sample contains every shorter one.
    /// </summary>
    public static IReadOnlyList<int> Sample(string evidenceDigest, int entries, int count)
    {
        var order = Enumerable.Range(0, entries).OrderBy(number => CanonicalJson.Digest(new { evidenceDigest, number }), StringComparer.Ordinal);
        return [.. order.Take(count).Order()];
    }

    /// <exception cref="PatchMismatchException">The patch does not belong to the model, or does not give the weights of the evidence.</exception>
    /// <exception cref="InvalidDataException">The model is not the evidence's.</exception>
    public RerunReport Run(string modelFolder, BackboneOptions evaluation, int count, Action<int, int> progress, CancellationToken cancellation)
    {
        var numbers = Sample(evidence.Digest(), evidence.Gallery.Entries.Count, count);
        using var model = LoadedModel.Load(modelFolder, evidence.BaseDigest, evaluation, cancellation: cancellation);
        if (evidence.Components is { } components)
            ModelComponents.Demand(modelFolder, Painting(components), Painting(model.Components(cancellation)));
        var labels = new RerunLabels(model, evidence);
        var total = 2 * numbers.Count;
        var images = Compare(model, labels, numbers, isBefore: true, done => progress(done, total), cancellation);
        using var applied = AppliedPatch.Apply(model.Pipeline.Unet, Patch(cancellation));
        images.AddRange(Compare(model, labels, numbers, isBefore: false, done => progress(numbers.Count + done, total), cancellation));

        // Sorting is stable: before stays above after.
        return new RerunReport([.. images.OrderBy(image => image.Number)], Threshold, labels.Networks);
    }

    private AblationPatch Patch(CancellationToken cancellation)
    {
        var path = Path.Combine(Path.GetTempPath(), $"safety-portal-{Guid.NewGuid():N}.safetensors");
        try
        {
            using (var file = File.Create(path))
                pack.CopyAsync(PackPath.Patch, file, cancellation).GetAwaiter().GetResult();
            var patch = AblationPatch.Load(path);
            return string.Equals(patch.ResultDigest, evidence.ResultDigest, StringComparison.Ordinal)
                ? patch
                : throw new PatchMismatchException($"Expected a patch that gives the weights {evidence.ResultDigest}, it names {patch.ResultDigest}.");
        }
        finally
        {
            File.Delete(path);
        }
    }

    // The evidence itself holds the prompts.
    private static IReadOnlyList<ModelComponent> Painting(IReadOnlyList<ModelComponent> components) =>
        [.. components.Where(part => !string.Equals(part.Name, PromptFolder.Name, StringComparison.Ordinal))];

    private List<RerunImage> Compare(
        LoadedModel model, RerunLabels labels, IReadOnlyList<int> numbers, bool isBefore, Action<int> progress, CancellationToken cancellation)
    {
        var (entries, method) = (evidence.Gallery.Entries, evidence.Method);
        var painter = new Painter(
            model, new PaintSettings(method?.ImageSteps ?? 25, method?.ImageGuidance ?? PaintSettings.DefaultGuidance, batch, method?.ImageScheduler));
        var results = new List<RerunImage>();
        foreach (var group in numbers.GroupBy(number => number / batch))
        {
            var cases = entries.Skip(group.Key * batch).Take(batch)
                .Select((entry, i) => new EvaluationCase($"rerun-{i}", entry.Prompt, entry.Seed, CaseGroup.Target, "", IsStyle: false, entry.Guidance))
                .ToList();
            var made = painter.Images(cases, progress: null, cancellation);
            foreach (var number in group)
            {
                var entry = entries[number];
                var stored = pack.ReadAsync(PackPath.Image(isBefore ? entry.BeforeDigest : entry.AfterDigest), cancellation).GetAwaiter().GetResult();
                results.Add(Compare(number, isBefore, entry, ImageCodec.Decode(stored, ImageLimits.Default), made[number % batch], labels));
            }

            progress(results.Count);
        }

        return results;
    }

    private static RerunImage Compare(int number, bool isBefore, GalleryEntry entry, Raster stored, Raster made, RerunLabels labels)
    {
        var sameSize = (made.Width, made.Height, made.Channels) == (stored.Width, stored.Height, stored.Channels);
        var exact = sameSize && made.Pixels.AsSpan().SequenceEqual(stored.Pixels);
        var similarity = exact ? 1 : sameSize ? Ssim.Compare(stored, made) : 0;
        var (side, recorded) = isBefore ? ("before", entry.BeforeLabel) : ("after", entry.AfterLabel);
        var seen = labels.Of(entry, made);
        var contradicted = exact && seen is not null && recorded is not null && !string.Equals(seen, recorded, StringComparison.Ordinal);
        return new(number, side, entry.Prompt, entry.Seed, exact, similarity, similarity >= Threshold && !contradicted, recorded, seen);
    }
}
