using SafetyPortal.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests.Pipeline;

/// <summary>Finite weights whose products are not finite. The image would be black.</summary>
public sealed class OverflowTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly StableDiffusionPipeline pipeline = StableDiffusionPipeline.Load(GoldenFolder.At("pipeline"));

    public void Dispose()
    {
        pipeline.Dispose();
        scope.Dispose();
    }

    [Theory]
    [InlineData("unet", "conv_out.weight", "expected finite numbers from the UNet at timestep 501, got NaN or infinity: its weights overflow")]
    [InlineData("vae", "decoder.conv_out.weight", "the decoder of the VAE in Float32")]
    [InlineData("text_encoder", "text_model.final_layer_norm.weight", "the text encoder")]
    public void Generate_PartOverflows_NamesIt(string part, string parameter, string message)
    {
        Enlarge(part switch { "unet" => pipeline.Unet, "vae" => pipeline.Vae, _ => pipeline.TextEncoder }, parameter);
        var settings = new GenerationSettings { Prompts = ["a church"], Seeds = [1], Steps = 2 };

        Should.Throw<ModelFormatException>(() => pipeline.Generate(settings)).Message.ShouldContain(message);
    }

    [Fact]
    public void Checkpointed_UnetOverflows_NamesItAndTheTimestep()
    {
        Enlarge(pipeline.Unet, "conv_out.weight");
        var (sample, text) = (ones(1, pipeline.Unet.Config.InChannels, 8, 8), ones(1, 4, pipeline.Unet.Config.CrossAttentionDim[0]));

        Should.Throw<ModelFormatException>(() => pipeline.Unet.Checkpointed(sample, tensor(7L), text)).Message.ShouldContain("the UNet at timestep 7");
    }

    [Fact]
    public void Decode_LatentsThatAreNotFinite_NamesTheScheduler()
    {
        var latents = full([1, pipeline.Unet.Config.InChannels, 8, 8], float.NaN);

        Should.Throw<ModelFormatException>(() => pipeline.Decode(latents)).Message.ShouldContain("the last step of the scheduler");
    }

    private static void Enlarge(nn.Module network, string parameter)
    {
        using var frozen = no_grad();
        network.named_parameters().Single(p => p.name == parameter).parameter.fill_(3e38);
    }
}
