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
    private readonly string file = Path.Combine(Path.GetTempPath(), $"openai-clip-{Guid.NewGuid():N}.safetensors");

    // Heads of 64 as in OpenAI's models, everything else small.
    private static readonly ClipConfig Small = new()
    {
        ProjectionDim = 24,
        Text = new ClipTextConfig { VocabSize = 50, HiddenSize = 64, IntermediateSize = 256, Layers = 2, Heads = 1, MaxPositions = 9, EosTokenId = 2, ProjectionDim = 24 },
        Vision = new ClipVisionConfig { HiddenSize = 128, IntermediateSize = 512, Layers = 1, Heads = 2, ImageSize = 24, PatchSize = 8, ProjectionDim = 24 },
    };

    [Fact]
    public void Load_RenamedWeights_GivesTheSameEmbeddings()
    {
        using var expected = ClipModel.Load(GoldenFolder.At("03_clip_full"));
        Write(expected);

        using var model = OpenAiClip.Load(file, expected.Config);

        var ids = tensor(new long[] { 5, 7, 49407 }).reshape(1, 3);
        var pixels = rand([1, 3, 32, 32]);
        model.EncodeTexts(ids).data<float>().ToArray().ShouldBe(expected.EncodeTexts(ids).data<float>().ToArray());
        model.EncodeImages(pixels).data<float>().ToArray().ShouldBe(expected.EncodeImages(pixels).data<float>().ToArray());
    }

    [Fact]
    public void Load_NoConfiguration_ReadsSizesOffTheShapes()
    {
        using var expected = new ClipModel(Small);
        Write(expected);

        using var model = OpenAiClip.Load(file);

        model.Config.Text.ShouldBe(Small.Text);
        model.Config.Vision.ShouldBe(Small.Vision);
        model.Config.ProjectionDim.ShouldBe(24);
    }

    [Fact]
    public void Load_TensorMissing_NamesIt()
    {
        using var whole = new ClipModel(Small);
        Write(whole, except: "visual.transformer.resblocks.0.ln_2.weight");
        Should.Throw<ModelFormatException>(() => OpenAiClip.Load(file)).Message.ShouldContain("vision_model.encoder.layers.0.layer_norm2.weight");
    }

    [Fact]
    public void Load_OtherNetwork_SaysWhatWasExpected()
    {
        SafetensorsWriter.Write(file, [("conv1.weight", zeros(2))], new Dictionary<string, string>(StringComparer.Ordinal));
        Should.Throw<ModelFormatException>(() => OpenAiClip.Load(file)).Message.ShouldContain("visual.conv1.weight");
    }

    public void Dispose()
    {
        scope.Dispose();
        File.Delete(file);
    }

    // The other way round than the loader: ours to theirs.
    private void Write(ClipModel model, string? except = null)
    {
        var ours = model.named_parameters().ToDictionary(p => p.name, p => p.parameter.detach(), StringComparer.Ordinal);
        Tensor Joined(string prefix, string kind) => cat([ours[$"{prefix}q_proj.{kind}"], ours[$"{prefix}k_proj.{kind}"], ours[$"{prefix}v_proj.{kind}"]]);
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
            foreach (var (tower, prefix, layers) in new[] { ("text_model", "", model.Config.Text.Layers), ("vision_model", "visual.", model.Config.Vision.Layers) })
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

        SafetensorsWriter.Write(file, theirs.Where(t => t.Name != except), new Dictionary<string, string>(StringComparer.Ordinal));
    }
}
