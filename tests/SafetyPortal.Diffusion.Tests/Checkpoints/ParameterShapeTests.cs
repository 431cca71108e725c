using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Tests.References;
using SafetyPortal.Diffusion.Unet;

namespace SafetyPortal.Diffusion.Tests.Checkpoints;

/// <summary>Names, shapes and order of later models' parameters, from diffusers v0.30.3 and transformers 4.40 (References/make_shapes.py).</summary>
public sealed class ParameterShapeTests
{
    [Theory]
    [InlineData("sd21_unet", 865_910_724)]
    [InlineData("sdxl_unet", 2_567_463_684)]
    [InlineData("sd21_text_encoder", 340_387_840)]
    [InlineData("sdxl_text_encoder_2", 694_659_840)]
    public void ParameterShapes_LaterModel_AreThePublishedOnes(string file, long elements)
    {
        var actual = file switch
        {
            "sd21_unet" => UNet2DConditionModel.ParameterShapes(UNetConfig.Sd21),
            "sdxl_unet" => UNet2DConditionModel.ParameterShapes(UNetConfig.Sdxl),
            "sd21_text_encoder" => ClipTextModel.ParameterShapes(ClipTextConfig.Sd21),
            _ => ClipTextModel.ParameterShapes(ClipTextConfig.SdxlSecond),
        };

        actual.Select(p => p.ToString()).ShouldBe(File.ReadAllLines(ReferenceFolder.At("shapes", file + ".txt")));
        actual.Sum(p => p.Elements).ShouldBe(elements);
    }
}
