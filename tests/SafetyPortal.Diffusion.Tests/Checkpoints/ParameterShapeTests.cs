using System.Text.Json;
using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Tests.References;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Diffusion.Vae;
using SafetyPortal.Tests;

namespace SafetyPortal.Diffusion.Tests.Checkpoints;

/// <summary>
/// Names, shapes and order of the published models' parameters, from diffusers v0.30.3 and transformers 4.40 (tests/goldens/09_shapes;
/// those of the later models from References/make_shapes.py).
/// </summary>
public class ParameterShapeTests
{
    [Fact]
    public void UNet_Sd14_HasThePublishedParameters() =>
        ShouldBe(UNet2DConditionModel.ParameterShapes(UNetConfig.Sd14), "sd14_unet.json", 859_520_964);

    [Fact]
    public void UNet_Sd14_AblatedMatricesComeInDiffusersOrder()
    {
        var matrices = UNet2DConditionModel.ParameterShapes(UNetConfig.Sd14)
            .Where(p => p.Shape.Count == 2 && p.Name.Contains("ff", StringComparison.Ordinal)).ToList();
        matrices.Count.ShouldBe(32);
        ShouldBe(matrices, "sd14_unet_ff_2d_in_order.json", matrices.Sum(Elements));
    }

    [Fact]
    public void Autoencoder_Sd1_HasThePublishedParameters() =>
        ShouldBe(AutoencoderKL.ParameterShapes(VaeConfig.Sd1), "sd1_vae_new_names.json", 83_653_863);

    [Fact]
    public void Autoencoder_OldNames_MapToTheModel()
    {
        var published = Read("sd1_vae_old_names.json").Select(p => p with { Name = AutoencoderKL.ModernName(p.Name) }).ToList();
        published.Select(p => p.ToString()).Order(StringComparer.Ordinal)
            .ShouldBe(AutoencoderKL.ParameterShapes(VaeConfig.Sd1).Select(p => p.ToString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void TextEncoder_Sd14_HasThePublishedParameters() =>
        ShouldBe(ClipTextModel.ParameterShapes(ClipTextConfig.Sd14), "clip_vit_l14_text_encoder.json", 123_060_480);

    [Fact]
    public void Clip_VitB32_HasThePublishedParameters() =>
        ShouldBe(ClipModel.ParameterShapes(ClipConfig.VitB32), "clip_vit_b32_hf_names.json", 151_277_313);

    [Fact]
    public void Clip_VitL14_HasThePublishedParameters() =>
        ShouldBe(ClipModel.ParameterShapes(ClipConfig.VitL14), "clip_vit_l14_full_hf_names.json", 427_616_513);

    [Theory]
    [InlineData("sd21_unet", 865_910_724)]
    [InlineData("sdxl_unet", 2_567_463_684)]
    [InlineData("sd21_text_encoder", 340_387_840)]
    [InlineData("sdxl_text_encoder_2", 694_659_840)]
    public void LaterModels_HaveThePublishedParameters(string file, long elements)
    {
        var actual = file switch
        {
            "sd21_unet" => UNet2DConditionModel.ParameterShapes(UNetConfig.Sd21),
            "sdxl_unet" => UNet2DConditionModel.ParameterShapes(UNetConfig.Sdxl),
            "sd21_text_encoder" => ClipTextModel.ParameterShapes(ClipTextConfig.Sd21),
            _ => ClipTextModel.ParameterShapes(ClipTextConfig.SdxlSecond),
        };
        actual.Select(p => p.ToString()).ShouldBe(File.ReadAllLines(ReferenceFolder.At("shapes", file + ".txt")));
        actual.Sum(Elements).ShouldBe(elements);
    }

    private static void ShouldBe(IReadOnlyList<ParameterShape> actual, string file, long elements)
    {
        actual.Select(p => p.ToString()).ShouldBe(Read(file).Select(p => p.ToString()));
        actual.Sum(Elements).ShouldBe(elements);
    }

    private static long Elements(ParameterShape parameter) => parameter.Shape.Aggregate(1L, (product, size) => product * size);

    private static List<ParameterShape> Read(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(GoldenFolder.At("09_shapes", file)));
        return document.RootElement.ValueKind == JsonValueKind.Object
            ? [.. document.RootElement.EnumerateObject().Select(p => new ParameterShape(p.Name, Shape(p.Value)))]
            : [.. document.RootElement.EnumerateArray().Select(p => new ParameterShape(p[0].GetString()!, Shape(p[1])))];
    }

    private static List<long> Shape(JsonElement shape) => [.. shape.EnumerateArray().Select(s => s.GetInt64())];
}
