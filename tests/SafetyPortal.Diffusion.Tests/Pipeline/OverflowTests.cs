using SafetyPortal.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests.Pipeline;

/// <summary>Weights that are finite and whose products are not: the picture would be black.</summary>
public sealed class OverflowTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly StableDiffusionPipeline pipeline = StableDiffusionPipeline.Load(GoldenFolder.At("pipeline"));

    public void Dispose()
    {
        pipeline.Dispose();
        scope.Dispose();
    }

    [Fact]
    public void Generate_UnetOverflows_NamesItAndTheTimestep()
    {
        Enlarge(pipeline.Unet, "conv_out.weight");

        Message().ShouldBe("expected finite numbers from the UNet at timestep 501, got NaN or infinity: its weights overflow");
    }

    [Fact]
    public void Checkpointed_UnetOverflows_NamesItAndTheTimestep()
    {
        Enlarge(pipeline.Unet, "conv_out.weight");
        var config = pipeline.Unet.Config;

        Should.Throw<ModelFormatException>(() => pipeline.Unet.Checkpointed(ones(1, config.InChannels, 8, 8), tensor(7L), ones(1, 4, config.CrossAttentionDim[0])))
            .Message.ShouldContain("the UNet at timestep 7");
    }

    [Fact]
    public void Generate_DecoderOverflows_NamesIt()
    {
        Enlarge(pipeline.Vae, "decoder.conv_out.weight");

        Message().ShouldContain("the decoder of the VAE in Float32");
    }

    [Fact]
    public void Generate_TextEncoderOverflows_NamesIt()
    {
        Enlarge(pipeline.TextEncoder, "text_model.final_layer_norm.weight");

        Message().ShouldContain("the text encoder");
    }

    [Fact]
    public void Decode_LatentsThatAreNotFinite_NamesTheScheduler()
        => Should.Throw<ModelFormatException>(() => pipeline.Decode(full([1, pipeline.Unet.Config.InChannels, 8, 8], float.NaN))).Message.ShouldContain("the last step of the scheduler");

    private static void Enlarge(nn.Module network, string parameter)
    {
        using var frozen = no_grad();
        network.named_parameters().Single(p => p.name == parameter).parameter.fill_(3e38);
    }

    private string Message() => Should.Throw<ModelFormatException>(() => pipeline.Generate(new GenerationSettings { Prompts = ["a church"], Seeds = [1], Steps = 2 })).Message;
}
