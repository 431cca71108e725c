using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests.Clip;

/// <summary>Against transformers 4.40 on the same weights; tolerances from the README.md of tests/goldens/03_clip_text and 03_clip_full.</summary>
public sealed class ClipParityTests : IDisposable
{
    private const double TextTolerance = 5e-5;
    private const double EmbeddingTolerance = 2e-5;
    private const double LogitTolerance = 2e-3;

    private readonly DisposeScope scope = NewDisposeScope();
    private readonly IDisposable gradients = no_grad();

    [Fact]
    public void TextForward_RecordedIds_MatchesTransformers()
    {
        using var golden = Open("03_clip_text");
        using var model = ClipTextModel.Load(GoldenFolder.At("pipeline", "text_encoder"));
        var names = golden.NamesUnder("mid.");
        using var recorded = ModuleOutputs.Record(model, names);

        var ids = golden.Read("input_ids");
        var hidden = model.call(ids);
        hidden.ShouldMatch(golden.Read("last_hidden_state"), TextTolerance, "last_hidden_state");
        model.Pool(hidden, ids).ShouldMatch(golden.Read("pooler_output"), TextTolerance, "pooler_output");
        names.Count.ShouldBeGreaterThan(7);
        foreach (var name in names)
            recorded.Outputs[name].narrow(0, 0, 1).ShouldMatch(golden.Read("mid." + name), TextTolerance, name);
    }

    [Fact]
    public void Pool_EosTokenIdOfTheVocabulary_GivesTheSameRowsAsTheSlip()
    {
        using var golden = Open("03_clip_text");
        using var slip = ClipTextModel.Load(GoldenFolder.At("pipeline", "text_encoder"));
        using var proper = new ClipTextModel(slip.Config with { EosTokenId = 49407 });
        var ids = golden.Read("input_ids");
        var hidden = golden.Read("last_hidden_state");
        proper.Pool(hidden, ids).ShouldMatch(slip.Pool(hidden, ids), 0, "pooled");
    }

    [Fact]
    public void FullModel_RecordedPair_MatchesTransformers()
    {
        using var golden = Open("03_clip_full");
        using var model = ClipModel.Load(GoldenFolder.At("03_clip_full"));
        var names = golden.NamesUnder("mid.");
        using var recorded = ModuleOutputs.Record(model, names);
        var (pixels, ids) = (golden.Read("pixel_values"), golden.Read("input_ids"));

        var images = model.EncodeImages(pixels);
        var texts = model.EncodeTexts(ids);
        images.ShouldMatch(golden.Read("image_embeds"), EmbeddingTolerance, "image_embeds");
        texts.ShouldMatch(golden.Read("text_embeds"), EmbeddingTolerance, "text_embeds");
        images.mm(texts.t()).ShouldMatch(golden.Read("cosine"), EmbeddingTolerance, "cosine");
        model.ImageFeatures(pixels).ShouldMatchRelatively(golden.Read("image_features_unnormalised"), EmbeddingTolerance, "image features");
        model.TextFeatures(ids).ShouldMatchRelatively(golden.Read("text_features_unnormalised"), EmbeddingTolerance, "text features");
        model.ImageHidden(pixels).ShouldMatchRelatively(golden.Read("vision_last_hidden_state"), EmbeddingTolerance, "vision_last_hidden_state");
        model.PooledImage(pixels).ShouldMatchRelatively(golden.Read("vision_pooler_output"), EmbeddingTolerance, "vision_pooler_output");
        model.call(pixels, ids).ShouldMatch(golden.Read("logits_per_image"), LogitTolerance, "logits_per_image");
        foreach (var name in names)
            recorded.Outputs[name].narrow(0, 0, 1).ShouldMatchRelatively(golden.Read("mid." + name), EmbeddingTolerance, name);
    }

    public void Dispose()
    {
        gradients.Dispose();
        scope.Dispose();
    }

    private static SafetensorsFile Open(string item) => SafetensorsFile.Open(GoldenFolder.At(item, "io.safetensors"));
}
