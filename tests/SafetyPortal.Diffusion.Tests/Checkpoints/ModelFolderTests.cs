using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Tests.Safetensors;
using SafetyPortal.Diffusion.Vae;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests.Checkpoints;

/// <summary>Folders of single networks: saved and loaded, and others than their configuration says.</summary>
public sealed class ModelFolderTests : IDisposable
{
    private static readonly VaeConfig Small = new() { BlockOutChannels = [4, 8, 8], LayersPerBlock = 1, NormNumGroups = 4, LatentChannels = 4 };

    private readonly TemporaryFolder folder = new();
    private readonly DisposeScope scope = NewDisposeScope();

    private string Weights => folder.At("diffusion_pytorch_model.safetensors");

    [Fact]
    public void Load_ThreeLevelAutoencoder_GivesTheSameReconstruction()
    {
        using var vae = new AutoencoderKL(Small with { ScalingFactor = 0.9 });
        vae.Save(folder.Root);
        using var loaded = AutoencoderKL.Load(folder.Root);
        loaded.Config.ToJson().ToJsonString().ShouldBe(vae.Config.ToJson().ToJsonString());
        loaded.training.ShouldBeFalse();
        var image = rand(1, 3, 16, 24);
        using var latent = loaded.encode(image);
        latent.Mean.shape.ShouldBe([1, 4, 4, 6]);
        var reconstruction = loaded.decode(latent.Mean);
        reconstruction.shape.ShouldBe([1, 3, 16, 24]);
        reconstruction.ShouldMatch(vae.call(image), 0, "reconstruction");
    }

    [Fact]
    public void Load_MissingUnexpectedAndMisshapenTensors_AreAllListed()
    {
        using var vae = Saved();
        Rewrite(tensors =>
        {
            tensors.Remove("encoder.conv_in.bias");
            tensors["surplus.weight"] = ones(2, 3);
            tensors["decoder.conv_out.weight"] = ones(3, 4, 1, 1);
            tensors["quant_conv.bias"] = zeros(8, dtype: ScalarType.Int64);
        });
        var message = Should.Throw<ModelFormatException>(() => AutoencoderKL.Load(folder.Root)).Message;
        message.ShouldStartWith(Weights);
        message.ShouldContain("1 missing: encoder.conv_in.bias [4]\n");
        message.ShouldContain("1 unexpected: surplus.weight [2, 3]\n");
        message.ShouldContain("2 misshapen: ");
        message.ShouldContain("decoder.conv_out.weight expected [3, 4, 3, 3], got [3, 4, 1, 1]");
        message.ShouldContain("quant_conv.bias expected floating-point numbers, got Int64");
    }

    [Fact]
    public void Load_ManyMissingTensors_ShowsTenAndTheCount()
    {
        using var vae = Saved();
        var missing = 0;
        Rewrite(tensors =>
        {
            missing = tensors.Count - 2;
            tensors.Keys.Skip(2).ToList().ForEach(k => tensors.Remove(k));
        });
        var message = Should.Throw<ModelFormatException>(() => AutoencoderKL.Load(folder.Root)).Message;
        message.ShouldContain($"{missing} missing: ");
        message.ShouldContain($"; and {missing - 10} more");
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Load_NumberThatIsNone_NamesItsTensor(float value)
    {
        using var vae = Saved();
        Rewrite(tensors => tensors["decoder.conv_in.bias"] = full([8], value));
        Should.Throw<ModelFormatException>(() => AutoencoderKL.Load(folder.Root)).Message
            .ShouldContain("tensor \"decoder.conv_in.bias\" holds NaN or infinity");
    }

    [Fact]
    public void Load_NoFolder_SaysSo() =>
        Should.Throw<ModelFormatException>(() => AutoencoderKL.Load(folder.At("nowhere"))).Message.ShouldContain("no such folder");

    [Fact]
    public void Load_PositionIdsOfOlderFiles_AreIgnored()
    {
        var config = new ClipTextConfig { VocabSize = 40, HiddenSize = 8, IntermediateSize = 16, Layers = 1, Heads = 2, MaxPositions = 10 };
        using var model = new ClipTextModel(config);
        model.Save(folder.Root);
        Rewrite(tensors => tensors["text_model.embeddings.position_ids"] = arange(0, 10).unsqueeze(0), "model.safetensors");
        using var loaded = ClipTextModel.Load(folder.Root);
        var ids = tensor([1L, 5L, 39L]).unsqueeze(0);
        loaded.call(ids).ShouldMatch(model.call(ids), 0, "hidden");
    }

    [Fact]
    public void ClipModel_SavedAndLoaded_GivesTheSameLogits()
    {
        var config = new ClipConfig
        {
            Text = new ClipTextConfig
            {
                VocabSize = 40,
                HiddenSize = 8,
                IntermediateSize = 16,
                Layers = 2,
                Heads = 2,
                MaxPositions = 10,
                EosTokenId = 39,
                Activation = ClipActivation.Gelu,
            },
            Vision = new ClipVisionConfig { HiddenSize = 12, IntermediateSize = 16, Layers = 2, Heads = 3, ImageSize = 16, PatchSize = 4 },
            ProjectionDim = 6,
        };
        using var model = new ClipModel(config);
        model.Save(folder.Root);
        using var loaded = ClipModel.Load(folder.Root);
        loaded.Config.ShouldBe(config);
        var (pixels, ids) = (randn(2, 3, 16, 16), tensor([1L, 5L, 39L]).unsqueeze(0));
        loaded.call(pixels, ids).ShouldMatch(model.call(pixels, ids), 0, "logits");
        Should.Throw<ArgumentException>(() => loaded.EncodeImages(randn(2, 3, 8, 8))).Message
            .ShouldContain("Expected pixels of shape [B, 3, 16, 16], got [2, 3, 8, 8]");
    }

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    private AutoencoderKL Saved()
    {
        var vae = new AutoencoderKL(Small);
        vae.Save(folder.Root);
        return vae;
    }

    private void Rewrite(Action<Dictionary<string, Tensor>> change, string name = "diffusion_pytorch_model.safetensors") =>
        SafetensorsBytes.Rewrite(folder.At(name), change);
}
