using System.Text.Json;
using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Tokenizer;
using SafetyPortal.Evaluation.Preprocessing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>The CLIP score part of 08_metrics: three ways of resizing, their tensors, cosines and means, with the model of 03_clip_full.</summary>
internal static class ClipScoreParity
{
    private const double ResizeTolerance = 1e-5;
    private const double CosineTolerance = 1e-5;

    public static void Check(JsonElement metrics, GoldenSet set, GoldenTensors golden, ItemChecks checks)
    {
        if (!metrics.TryGetProperty("clip_score", out var score) || !golden.Has("clip.images_u8") || !set.Has("03_clip_full"))
        {
            checks.Absent("CLIP score");
            return;
        }

        using var frozen = no_grad();
        using var model = ClipModel.Load(set.At("03_clip_full"));
        var size = model.Config.Vision.ImageSize;
        var images = golden.Read("clip.images_u8");
        var texts = model.EncodeTexts(Ids(score, set, golden, checks));
        var results = score.GetProperty("results");
        var unit = images.to(ScalarType.Float32) / 255;
        foreach (var (name, antialias) in new[] { ("tensor_bicubic_antialias", true), ("tensor_bicubic_no_antialias", false) })
        {
            if (!golden.Has($"clip.{name}.resized"))
                continue;
            var expected = golden.Read($"clip.{name}.resized");
            var resized = ClipPreprocessing.Resize(unit, size, size, antialias);
            checks.Largest($"clip.{name}.resized", resized, expected, ResizeTolerance);
            CheckCosines(name, ClipPreprocessing.Normalize(resized), texts, model, results, golden, checks);
        }

        if (golden.Has("clip.openai_preprocess"))
        {
            var pixels = ClipPreprocessing.FromImages(MetricsParity.Pictures(images), size);
            checks.Largest("clip.openai_preprocess", pixels, golden.Read("clip.openai_preprocess"), ResizeTolerance);
            CheckCosines("openai_preprocess", pixels, texts, model, results, golden, checks);
        }

        if (golden.Has("clip.openai_preprocess_nonsquare"))
        {
            var pixels = ClipPreprocessing.FromImages(MetricsParity.Pictures(golden.Read("clip.image_nonsquare_u8")), size);
            var expected = golden.Read("clip.openai_preprocess_nonsquare");
            checks.Largest("clip.openai_preprocess_nonsquare", pixels.reshape(expected.shape), expected, ResizeTolerance);
        }
    }

    private static Tensor Ids(JsonElement score, GoldenSet set, GoldenTensors golden, ItemChecks checks)
    {
        var ids = golden.Read("clip.input_ids");
        if (set.Has("pipeline", "tokenizer"))
        {
            var tokenizer = ClipTokenizer.Load(set.At("pipeline", "tokenizer"));
            long[] ours = [.. score.GetProperty("prompts").EnumerateArray().SelectMany(p => tokenizer.EncodePadded(p.GetString()!, padId: 0))];
            checks.Exact("clip.input_ids", ours, ids.data<long>().ToArray());
        }

        return ids;
    }

    private static void CheckCosines(string name, Tensor pixels, Tensor texts, ClipModel model, JsonElement results, GoldenTensors golden, ItemChecks checks)
    {
        var cosines = (model.EncodeImages(pixels) * texts).sum(-1); // [B]
        if (golden.Has($"clip.{name}.cosine"))
            checks.Largest($"clip.{name}.cosine", cosines, golden.Read($"clip.{name}.cosine"), CosineTolerance);
        var entry = results.EnumerateObject().FirstOrDefault(r => r.Name.StartsWith(name, StringComparison.Ordinal));
        if (entry.Value.ValueKind != JsonValueKind.Object)
            return;
        var mean = cosines.to(ScalarType.Float64).mean().ToDouble();
        if (entry.Value.TryGetProperty("mean_cosine_CAD", out var expected))
            checks.Absolute($"clip {entry.Name} mean cosine", mean, PythonJson.AsDouble(expected), CosineTolerance);
        // torchmetrics reports 100 times the mean, not below zero.
        if (entry.Value.TryGetProperty("torchmetrics_style_100_max0", out var hundred))
            checks.Absolute($"clip {entry.Name} score", Math.Max(100 * mean, 0), PythonJson.AsDouble(hundred), 100 * CosineTolerance);
    }
}
