using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Tokenizer;
using SafetyPortal.Evaluation.Preprocessing;
using SafetyPortal.Images;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation;

/// <summary>
/// CLIP score, Hessel et al. 2021 (arXiv 2104.08718) without its clamp and weight: 100 times the cosine of image and prompt, so
/// that values below zero stay visible.
/// </summary>
public static class ClipScore
{
    // Bounds memory; the scores do not depend on it.
    private const int Batch = 32;

    /// <summary>One score per image, -100 to 100.</summary>
    /// <param name="model">Both towers.</param>
    /// <param name="tokenizer">The tokenizer of its text tower.</param>
    /// <param name="images">Any sizes.</param>
    /// <param name="prompts">One per image.</param>
    /// <exception cref="ArgumentException">Images and prompts differ in number.</exception>
    public static double[] Score(ClipModel model, ClipTokenizer tokenizer, IReadOnlyList<Raster> images, IReadOnlyList<string> prompts)
    {
        if (images.Count != prompts.Count)
            throw new ArgumentException($"Expected one prompt per image: {images.Count} images, {prompts.Count} prompts.", nameof(prompts));
        using var frozen = no_grad();
        var scores = new List<double>(images.Count);
        foreach (var indices in Enumerable.Range(0, images.Count).Chunk(Batch))
        {
            using var scope = NewDisposeScope();
            var pictures = model.EncodeImages(ClipPreprocessing.FromImages([.. indices.Select(i => images[i])], model.Config.Vision.ImageSize)); // [B, D]
            var texts = EncodeTexts(model, tokenizer, [.. indices.Select(i => prompts[i])]); // [B, D]
            scores.AddRange(((pictures * texts).sum(-1) * 100).to(ScalarType.Float64).data<double>().ToArray());
        }

        return [.. scores];
    }

    /// <summary>Unit embeddings [B, D] of texts.</summary>
    internal static Tensor EncodeTexts(ClipModel model, ClipTokenizer tokenizer, IReadOnlyList<string> texts)
    {
        using var scope = NewDisposeScope();
        var ids = tensor(texts.SelectMany(t => tokenizer.EncodePadded(t)).ToArray()).reshape(texts.Count, tokenizer.ModelMaxLength); // [B, T]
        return model.EncodeTexts(ids).MoveToOuterDisposeScope();
    }
}
