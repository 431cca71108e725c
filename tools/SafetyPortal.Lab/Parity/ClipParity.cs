using SafetyPortal.Diffusion.Clip;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>03_clip_text and 03_clip_full: the text encoder and the whole CLIP model, against transformers.</summary>
internal static class ClipParity
{
    private const double TextTolerance = 5e-5;
    private const double EmbeddingTolerance = 2e-5;
    private const double LogitTolerance = 2e-3;

    public static void CheckText(GoldenItem item)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var model = ClipTextModel.Load(item.At("pipeline", "text_encoder"));
        var ids = item.Read("input_ids");
        item.Layers("mid.", model, Call, item.Largest, TextTolerance);

        void Call()
        {
            var hidden = model.call(ids);
            item.Largest("last_hidden_state", hidden, TextTolerance);
            item.IfAny("pooler_output", () => model.Pool(hidden, ids), item.Largest, TextTolerance);
        }
    }

    public static void CheckFull(GoldenItem item)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var model = ClipModel.Load(item.Here(""));
        var (pixels, ids) = (item.Read("pixel_values"), item.Read("input_ids"));
        // The README bounds unit-length embeddings; what comes before is bounded relative to its own size.
        item.Layers("mid.", model, Call, item.Relative, EmbeddingTolerance);
        item.IfAny("logits_per_image", () => model.call(pixels, ids), item.Largest, LogitTolerance);
        item.IfAny("image_features_unnormalised", () => model.ImageFeatures(pixels), item.Relative, EmbeddingTolerance);
        item.IfAny("text_features_unnormalised", () => model.TextFeatures(ids), item.Relative, EmbeddingTolerance);
        item.IfAny("vision_last_hidden_state", () => model.ImageHidden(pixels), item.Relative, EmbeddingTolerance);
        item.IfAny("vision_pooler_output", () => model.PooledImage(pixels), item.Relative, EmbeddingTolerance);

        void Call()
        {
            var (images, texts) = (model.EncodeImages(pixels), model.EncodeTexts(ids));
            item.Largest("image_embeds", images, EmbeddingTolerance);
            item.Largest("text_embeds", texts, EmbeddingTolerance);
            item.IfAny("cosine", () => images.mm(texts.t()), item.Largest, EmbeddingTolerance);
        }
    }
}
