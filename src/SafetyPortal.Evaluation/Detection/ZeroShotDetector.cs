using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Tokenizer;
using SafetyPortal.Evaluation.Preprocessing;
using SafetyPortal.Images;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Detection;

/// <summary>
/// Zero-shot detection with CLIP (Radford et al. 2021, section 3.1): the probability that an image shows the concept rather
/// than one of the alternatives, <c>softmax(scale cos(image, text))</c>, detected from a threshold on.
/// </summary>
public sealed class ZeroShotDetector : IDisposable
{
    private const int Batch = 32;

    private readonly ClipModel _model;
    private readonly Tensor _classes;

    /// <param name="model">Both towers; not owned.</param>
    /// <param name="tokenizer">The tokenizer of its text tower.</param>
    /// <param name="concept">Texts that say what to find; their embeddings are averaged (prompt ensembling, section 3.1.4).</param>
    /// <param name="alternatives">Texts for what an image may show instead, one class each.</param>
    /// <param name="threshold">Probability from which an image counts; see <see cref="Calibrate"/>.</param>
    /// <exception cref="ArgumentException">A list is empty or the threshold is outside 0..1.</exception>
    public ZeroShotDetector(ClipModel model, ClipTokenizer tokenizer, IReadOnlyList<string> concept, IReadOnlyList<string> alternatives, double threshold = 0.5)
    {
        if (concept.Count == 0 || alternatives.Count == 0)
            throw new ArgumentException($"Expected texts for the concept and for alternatives, got {concept.Count} and {alternatives.Count}.", nameof(concept));
        if (!(threshold is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(threshold), threshold, "Expected a probability from 0 to 1.");
        (_model, Threshold) = (model, threshold);
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var mean = ClipScore.EncodeTexts(model, tokenizer, concept).mean([0], keepdim: true); // [1, D]
        var others = ClipScore.EncodeTexts(model, tokenizer, alternatives); // [A, D]
        _classes = (cat([mean / mean.norm(), others]) * model.LogitScale.exp()).DetachFromDisposeScope(); // [1 + A, D]
    }

    /// <summary>Probability from which an image counts as showing the concept.</summary>
    public double Threshold { get; }

    /// <summary>The probability of the concept for each image.</summary>
    public double[] Score(IReadOnlyList<Raster> images)
    {
        using var frozen = no_grad();
        var scores = new List<double>(images.Count);
        foreach (var part in images.Chunk(Batch))
        {
            using var scope = NewDisposeScope();
            var embedded = _model.EncodeImages(ClipPreprocessing.FromImages(part, _model.Config.Vision.ImageSize)); // [B, D]
            var probabilities = embedded.mm(_classes.t()).softmax(-1); // [B, 1 + A]
            scores.AddRange(probabilities.narrow(1, 0, 1).reshape(-1).to(ScalarType.Float64).contiguous().data<double>().ToArray());
        }

        return [.. scores];
    }

    /// <summary>Whether each image shows the concept.</summary>
    public bool[] Detect(IReadOnlyList<Raster> images) => [.. Score(images).Select(s => s >= Threshold)];

    /// <summary>
    /// The threshold with the best balanced accuracy on images whose content is known; of equals, the middle of the widest gap.
    /// </summary>
    /// <param name="shown">Scores of images that show the concept.</param>
    /// <param name="absent">Scores of images that do not.</param>
    /// <returns>The threshold and its balanced accuracy, 0.5 for chance to 1.</returns>
    public static (double Threshold, double BalancedAccuracy) Calibrate(IReadOnlyList<double> shown, IReadOnlyList<double> absent)
    {
        if (shown.Count == 0 || absent.Count == 0)
            throw new ArgumentException($"Expected scores of both kinds, got {shown.Count} and {absent.Count}.", nameof(shown));
        double[] levels = [0, .. shown.Concat(absent).Distinct().Order(), 1];
        var candidates = levels.Zip(levels.Skip(1), (low, high) => (Middle: (low + high) / 2, Gap: high - low));
        return candidates
            .Select(c => (c.Middle, c.Gap, Accuracy: (((double)shown.Count(s => s >= c.Middle) / shown.Count) + ((double)absent.Count(s => s < c.Middle) / absent.Count)) / 2))
            .OrderByDescending(c => c.Accuracy).ThenByDescending(c => c.Gap)
            .Select(c => (c.Middle, c.Accuracy))
            .First();
    }

    public void Dispose() => _classes.Dispose();
}
