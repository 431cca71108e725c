using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Clip;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>03_clip_text and 03_clip_full: the text encoder and the whole CLIP model, against transformers.</summary>
internal static class ClipParity
{
    private const double TextTolerance = 5e-5;
    private const double EmbeddingTolerance = 2e-5;
    private const double LogitTolerance = 2e-3;

    public static void CheckText(GoldenSet set, ItemChecks checks)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var golden = set.Tensors("03_clip_text");
        using var model = ClipTextModel.Load(set.At("pipeline", "text_encoder"));
        var layers = golden.Layers("mid.", model);
        using var recorded = ModuleOutputs.Record(model, layers);
        var ids = golden.Read("input_ids");
        var hidden = model.call(ids);
        checks.Largest("last_hidden_state", hidden, golden.Read("last_hidden_state"), TextTolerance);
        if (golden.Has("pooler_output"))
            checks.Largest("pooler_output", model.Pool(hidden, ids), golden.Read("pooler_output"), TextTolerance);
        foreach (var layer in layers)
            checks.Largest($"mid.{layer}", recorded.Outputs[layer].narrow(0, 0, 1), golden.Read($"mid.{layer}"), TextTolerance);
        checks.Unchecked(golden.Unread);
    }

    public static void CheckFull(GoldenSet set, ItemChecks checks)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var golden = set.Tensors("03_clip_full");
        using var model = ClipModel.Load(set.At("03_clip_full"));
        var layers = golden.Layers("mid.", model);
        using var recorded = ModuleOutputs.Record(model, layers);
        var (pixels, ids) = (golden.Read("pixel_values"), golden.Read("input_ids"));
        var (images, texts) = (model.EncodeImages(pixels), model.EncodeTexts(ids));
        checks.Largest("image_embeds", images, golden.Read("image_embeds"), EmbeddingTolerance);
        checks.Largest("text_embeds", texts, golden.Read("text_embeds"), EmbeddingTolerance);
        void Optional(string name, Func<Tensor> actual, Action<string, Tensor, Tensor, double> compare, double tolerance)
        {
            if (golden.Has(name))
                compare(name, actual(), golden.Read(name), tolerance);
        }

        Optional("cosine", () => images.mm(texts.t()), checks.Largest, EmbeddingTolerance);
        Optional("logits_per_image", () => model.call(pixels, ids), checks.Largest, LogitTolerance);
        // The README bounds unit-length embeddings; what comes before is bounded relative to its own size.
        Optional("image_features_unnormalised", () => model.ImageFeatures(pixels), checks.Relative, EmbeddingTolerance);
        Optional("text_features_unnormalised", () => model.TextFeatures(ids), checks.Relative, EmbeddingTolerance);
        Optional("vision_last_hidden_state", () => model.ImageHidden(pixels), checks.Relative, EmbeddingTolerance);
        Optional("vision_pooler_output", () => model.PooledImage(pixels), checks.Relative, EmbeddingTolerance);
        foreach (var layer in layers)
            checks.Relative($"mid.{layer}", recorded.Outputs[layer].narrow(0, 0, 1), golden.Read($"mid.{layer}"), EmbeddingTolerance);
        checks.Unchecked(golden.Unread);
    }
}
