using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests.Clip;

/// <summary>openai/CLIP's names, by renaming the weights of tests/goldens/03_clip_full and by small networks of the published layout.</summary>
public sealed class OpenAiClipTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly TemporaryFolder folder = new();

    // Heads of 16 and 32, everything small.
    private static readonly ClipConfig Small = new()
    {
        ProjectionDim = 24,
        Text = new ClipTextConfig
        {
            VocabSize = 50,
            HiddenSize = 64,
            IntermediateSize = 192,
            Layers = 2,
            Heads = 4,
            MaxPositions = 9,
            EosTokenId = 2,
            ProjectionDim = 24,
        },
        Vision = new ClipVisionConfig { HiddenSize = 128, IntermediateSize = 320, Layers = 1, Heads = 4, ImageSize = 24, PatchSize = 8, ProjectionDim = 24 },
    };

    private string File => folder.At("clip.safetensors");

    [Fact]
    public void Load_RenamedWeights_GivesTheSameEmbeddings()
    {
        using var expected = ClipModel.Load(GoldenFolder.At("03_clip_full"));
        Write(expected);
        Configure("quick_gelu", "true", headWidth: 64, heads: 2);

        using var model = OpenAiClip.Load(File);

        ShouldAgree(model, expected);
    }

    // A file of LAION must not be read with OpenAI's activation and heads.
    [Theory]
    [InlineData(ClipActivation.Gelu, "false")]
    [InlineData(ClipActivation.QuickGelu, "true")]
    public void Load_OpenClipConfiguration_SetsActivationAndHeads(ClipActivation activation, string quick)
    {
        var config = Small with { Text = Small.Text with { Activation = activation }, Vision = Small.Vision with { Activation = activation } };
        using var expected = new ClipModel(config);
        Write(expected);
        Configure("quick_gelu", quick, headWidth: 32, heads: 4);

        using var model = OpenAiClip.Load(File);

        model.Config.ShouldBe(config);
        ShouldAgree(model, expected);
    }

    [Fact]
    public void Load_NothingTellsTheNetwork_NamesBothWays()
    {
        using var whole = new ClipModel(Small);
        Write(whole);

        var message = Should.Throw<ModelFormatException>(() => OpenAiClip.Load(File)).Message;

        message.ShouldContain("open_clip_config.json in the same folder");
        message.ShouldContain("--clip-origin");
    }

    // Widths and heads of the published models.
    [Theory]
    [InlineData(ClipOrigin.OpenAi, 768, 512, 12, 8)] // ViT-B
    [InlineData(ClipOrigin.OpenAi, 1024, 768, 16, 12)] // ViT-L
    [InlineData(ClipOrigin.OpenClip, 768, 512, 12, 8)]
    [InlineData(ClipOrigin.OpenClip, 1024, 768, 16, 12)]
    [InlineData(ClipOrigin.OpenClip, 1280, 1024, 16, 16)] // ViT-H
    [InlineData(ClipOrigin.OpenClip, 1408, 1024, 16, 16)] // ViT-g
    [InlineData(ClipOrigin.OpenClip, 1664, 1280, 16, 20)] // ViT-bigG
    public void ConfigOf_PublishedWidths_KnowsHeadsAndActivation(ClipOrigin origin, int image, int text, int imageHeads, int textHeads)
    {
        WriteWidths(image, text);
        using var file = SafetensorsFile.Open(File);

        var config = OpenAiClip.ConfigOf(file, origin);

        (config.Vision.Heads, config.Text.Heads).ShouldBe((imageHeads, textHeads));
        var activation = origin == ClipOrigin.OpenAi ? ClipActivation.QuickGelu : ClipActivation.Gelu;
        (config.Vision.Activation, config.Text.Activation).ShouldBe((activation, activation));
    }

    [Theory]
    [InlineData(ClipOrigin.OpenAi, 1280)]
    [InlineData(ClipOrigin.OpenClip, 896)]
    public void ConfigOf_WidthThatWasNotPublished_NamesTheWidths(ClipOrigin origin, int image)
    {
        WriteWidths(image, 512);
        using var file = SafetensorsFile.Open(File);

        Should.Throw<ModelFormatException>(() => OpenAiClip.ConfigOf(file, origin)).Message
            .ShouldContain($"expected an image tower of {origin}, 768, 1024");
    }

    [Theory]
    [InlineData("custom_text", "true", "custom_text = true is not supported")]
    [InlineData("embed_dim", "25", "embed_dim = 25 is not supported")]
    [InlineData("quick_gelu", "1", "quick_gelu: expected true or false, got 1")]
    public void Load_ConfigurationOfAnotherNetwork_NamesTheSetting(string key, string value, string expected)
    {
        using var whole = new ClipModel(Small);
        Write(whole);
        Configure(key, value, headWidth: 32, heads: 4);

        Should.Throw<ModelFormatException>(() => OpenAiClip.Load(File)).Message.ShouldContain(expected);
    }

    [Fact]
    public void Load_OtherPixels_NamesTheSetting()
    {
        using var whole = new ClipModel(Small);
        Write(whole);
        System.IO.File.WriteAllText(folder.At(OpenAiClip.ConfigName), """{"preprocess_cfg":{"mean":[0.5, 0.5, 0.5]}}""");

        Should.Throw<ModelFormatException>(() => OpenAiClip.Load(File)).Message.ShouldContain("mean = [0.5,0.5,0.5] is not supported");
    }

    [Fact]
    public void Load_TensorMissing_NamesIt()
    {
        using var whole = new ClipModel(Small);
        Write(whole, except: "visual.transformer.resblocks.0.ln_2.weight");
        Configure("quick_gelu", "true", headWidth: 32, heads: 4);
        Should.Throw<ModelFormatException>(() => OpenAiClip.Load(File)).Message.ShouldContain("vision_model.encoder.layers.0.layer_norm2.weight");
    }

    [Fact]
    public void Load_OtherNetwork_SaysWhatWasExpected()
    {
        SafetensorsWriter.Write(File, [("conv1.weight", zeros(2))]);
        Should.Throw<ModelFormatException>(() => OpenAiClip.Load(File, ClipOrigin.OpenAi)).Message.ShouldContain("visual.conv1.weight");
    }

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    private static void ShouldAgree(ClipModel model, ClipModel expected)
    {
        var ids = tensor(new long[] { 5, 7, model.Config.Text.VocabSize - 1 }).reshape(1, 3);
        var pixels = rand([1, 3, model.Config.Vision.ImageSize, model.Config.Vision.ImageSize]);
        model.EncodeTexts(ids).data<float>().ToArray().ShouldBe(expected.EncodeTexts(ids).data<float>().ToArray());
        model.EncodeImages(pixels).data<float>().ToArray().ShouldBe(expected.EncodeImages(pixels).data<float>().ToArray());
    }

    private void Configure(string key, string value, int headWidth, int heads) => System.IO.File.WriteAllText(
        folder.At(OpenAiClip.ConfigName),
        $$"""
        {
          "model_cfg": { "{{key}}": {{value}}, "vision_cfg": { "head_width": {{headWidth}} }, "text_cfg": { "heads": {{heads}} } },
          "preprocess_cfg": { "mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711] }
        }
        """);

    // The tensors whose shapes give the sizes; the others may be missing.
    private void WriteWidths(int image, int text) => SafetensorsWriter.Write(
        File,
        [
            ("visual.conv1.weight", zeros(image, 3, 2, 2)), ("visual.positional_embedding", zeros(5, image)), ("positional_embedding", zeros(4, text)),
            ("token_embedding.weight", zeros(7, text)), ("text_projection", zeros(text, 6)),
            ("visual.transformer.resblocks.0.attn.in_proj_weight", zeros(1)), ("transformer.resblocks.0.attn.in_proj_weight", zeros(1)),
            ("visual.transformer.resblocks.0.mlp.c_fc.weight", zeros(8, 2)), ("transformer.resblocks.0.mlp.c_fc.weight", zeros(8, 2)),
        ]);

    // Renames ours to theirs, the inverse of the loader.
    private void Write(ClipModel model, string? except = null)
    {
        var ours = model.named_parameters().ToDictionary(p => p.name, p => p.parameter.detach(), StringComparer.Ordinal);
        Tensor Joined(string prefix, string kind) =>
            cat([ours[$"{prefix}q_proj.{kind}"], ours[$"{prefix}k_proj.{kind}"], ours[$"{prefix}v_proj.{kind}"]]);
        var theirs = new List<(string Name, Tensor Value)>
        {
            ("positional_embedding", ours["text_model.embeddings.position_embedding.weight"]),
            ("text_projection", ours["text_projection.weight"].t().contiguous()),
            ("logit_scale", ours["logit_scale"]),
            ("visual.class_embedding", ours["vision_model.embeddings.class_embedding"]),
            ("visual.positional_embedding", ours["vision_model.embeddings.position_embedding.weight"]),
            ("visual.proj", ours["visual_projection.weight"].t().contiguous()),
            ("visual.conv1.weight", ours["vision_model.embeddings.patch_embedding.weight"]),
            ("token_embedding.weight", ours["text_model.embeddings.token_embedding.weight"]),
        };
        foreach (var kind in new[] { "weight", "bias" })
        {
            theirs.Add(($"visual.ln_pre.{kind}", ours[$"vision_model.pre_layrnorm.{kind}"]));
            theirs.Add(($"visual.ln_post.{kind}", ours[$"vision_model.post_layernorm.{kind}"]));
            theirs.Add(($"ln_final.{kind}", ours[$"text_model.final_layer_norm.{kind}"]));
            var config = model.Config;
            foreach (var (tower, prefix, layers) in new[] { ("text_model", "", config.Text.Layers), ("vision_model", "visual.", config.Vision.Layers) })
            {
                for (var i = 0; i < layers; i++)
                {
                    var (from, to) = ($"{tower}.encoder.layers.{i}.", $"{prefix}transformer.resblocks.{i}.");
                    theirs.Add(($"{to}attn.in_proj_{kind}", Joined(from + "self_attn.", kind)));
                    theirs.Add(($"{to}attn.out_proj.{kind}", ours[$"{from}self_attn.out_proj.{kind}"]));
                    theirs.Add(($"{to}ln_1.{kind}", ours[$"{from}layer_norm1.{kind}"]));
                    theirs.Add(($"{to}ln_2.{kind}", ours[$"{from}layer_norm2.{kind}"]));
                    theirs.Add(($"{to}mlp.c_fc.{kind}", ours[$"{from}mlp.fc1.{kind}"]));
                    theirs.Add(($"{to}mlp.c_proj.{kind}", ours[$"{from}mlp.fc2.{kind}"]));
                }
            }
        }

        SafetensorsWriter.Write(File, theirs.Where(t => t.Name != except));
    }
}
