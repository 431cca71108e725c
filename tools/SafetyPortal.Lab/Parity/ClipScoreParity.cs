using System.Text.Json;
using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Tokenizer;
using SafetyPortal.Evaluation;
using SafetyPortal.Evaluation.Preprocessing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>The CLIP score part of 08_metrics: three ways of resizing, their tensors, cosines and means, with the model of 03_clip_full.</summary>
internal static class ClipScoreParity
{
    private const double ResizeTolerance = 1e-5;
    private const double CosineTolerance = 1e-5;

    public static void Check(JsonElement metrics, GoldenItem item)
    {
        if (!metrics.TryGetProperty("clip_score", out var score) || !item.Has("clip.images_u8") || !Directory.Exists(item.At("03_clip_full")))
        {
            item.Absent("CLIP score");
            return;
        }

        using var frozen = no_grad();
        using var model = ClipModel.Load(item.At("03_clip_full"));
        var size = model.Config.Vision.ImageSize;
        var images = item.Read("clip.images_u8");
        var pictures = MetricsParity.Pictures(images);
        if (Directory.Exists(item.At("pipeline", "tokenizer")))
        {
            var tokenizer = ClipTokenizer.Load(item.At("pipeline", "tokenizer"));
            List<string> prompts = [.. score.GetProperty("prompts").EnumerateArray().Select(p => p.GetString()!)];
            item.Exact("clip.input_ids", [.. prompts.SelectMany(p => tokenizer.EncodePadded(p, padId: 0))], item.Read("clip.input_ids").data<long>().ToArray());
            if (item.Has("clip.openai_preprocess.cosine"))
            {
                var scores = tensor(ClipScore.Score(model, tokenizer, pictures, prompts)) / 100;
                item.Largest("clip.openai_preprocess.cosine of ClipScore", scores, item.Read("clip.openai_preprocess.cosine"), CosineTolerance);
            }
        }

        var texts = model.EncodeTexts(item.Read("clip.input_ids"));
        var unit = images.to(ScalarType.Float32) / 255;
        foreach (var (name, antialias) in new[] { ("tensor_bicubic_antialias", true), ("tensor_bicubic_no_antialias", false) })
            Variant(name, $"clip.{name}.resized", () => ClipPreprocessing.Resize(unit, size, size, antialias), ClipPreprocessing.Normalize);
        Variant("openai_preprocess", "clip.openai_preprocess", () => ClipPreprocessing.FromImages(pictures, size), pixels => pixels);
        if (item.Has("clip.openai_preprocess_nonsquare"))
        {
            var pixels = ClipPreprocessing.FromImages(MetricsParity.Pictures(item.Read("clip.image_nonsquare_u8")), size);
            var expected = item.Read("clip.openai_preprocess_nonsquare");
            item.Largest("clip.openai_preprocess_nonsquare", pixels.reshape(expected.shape), expected, ResizeTolerance);
        }

        void Variant(string name, string expected, Func<Tensor> resize, Func<Tensor, Tensor> normalise)
        {
            if (!item.Has(expected))
                return;
            var resized = resize();
            item.Largest(expected, resized, ResizeTolerance);
            CheckCosines(name, (model.EncodeImages(normalise(resized)) * texts).sum(-1), score.GetProperty("results"), item);
        }
    }

    private static void CheckCosines(string name, Tensor cosines, JsonElement results, GoldenItem item)
    {
        item.IfAny($"clip.{name}.cosine", () => cosines, item.Largest, CosineTolerance);
        var entry = results.EnumerateObject().FirstOrDefault(r => r.Name.StartsWith(name, StringComparison.Ordinal));
        if (entry.Value.ValueKind != JsonValueKind.Object)
            return;
        var mean = cosines.to(ScalarType.Float64).mean().ToDouble();
        item.IfAny(entry.Value, "mean_cosine_CAD", $"clip {entry.Name} mean cosine", () => mean, item.Absolute, CosineTolerance);
        // torchmetrics reports 100 times the mean, not below zero.
        item.IfAny(entry.Value, "torchmetrics_style_100_max0", $"clip {entry.Name} score", () => Math.Max(100 * mean, 0), item.Absolute, 100 * CosineTolerance);
    }
}
