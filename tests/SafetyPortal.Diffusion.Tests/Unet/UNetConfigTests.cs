using System.Text;
using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Tests;

namespace SafetyPortal.Diffusion.Tests.Unet;

public class UNetConfigTests
{
    [Fact]
    public void From_PublishedSd14Keys_IsTheNamedPreset() =>
        Read("""
            {"_class_name":"UNet2DConditionModel","_diffusers_version":"0.2.2","act_fn":"silu","attention_head_dim":8,
             "block_out_channels":[320,640,1280,1280],"center_input_sample":false,"cross_attention_dim":768,
             "down_block_types":["CrossAttnDownBlock2D","CrossAttnDownBlock2D","CrossAttnDownBlock2D","DownBlock2D"],
             "downsample_padding":1,"flip_sin_to_cos":true,"freq_shift":0,"in_channels":4,"layers_per_block":2,
             "mid_block_scale_factor":1,"norm_eps":1e-05,"norm_num_groups":32,"out_channels":4,"sample_size":64,
             "up_block_types":["UpBlock2D","CrossAttnUpBlock2D","CrossAttnUpBlock2D","CrossAttnUpBlock2D"]}
            """).ToJson().ToJsonString().ShouldBe(UNetConfig.Sd14.ToJson().ToJsonString());

    // diffusers before 0.9.0 wrote its default; a later file means what it says.
    [Theory]
    [InlineData("0.2.2", 32, 64)]
    [InlineData("0.8.1", 96, 96)]
    [InlineData("0.9.0", 32, 32)]
    [InlineData("0.30.3", 16, 16)]
    [InlineData("1.0.0", 32, 32)]
    public void From_SampleSizeOfAnEarlyFile_IsAtLeast64(string version, int size, int expected) =>
        Read($$"""{"_diffusers_version":"{{version}}","sample_size":{{size}}}""").SampleSize.ShouldBe(expected);

    [Fact]
    public void From_FileOfALaterDiffusers_ReadsEverySize()
    {
        var config = UNetConfig.From(ModelConfigFile.Open(GoldenFolder.At("pipeline", "unet", "config.json")));
        config.BlockOutChannels.ShouldBe([16, 32, 40, 40]);
        config.AttentionHeads[3].ShouldBe(8);
        config.CrossAttentionDim[0].ShouldBe(28);
        config.NormNumGroups.ShouldBe(8);
    }

    [Fact]
    public void ToJson_AnyConfiguration_IsReadBack()
    {
        var config = UNetConfig.Sd14 with { AttentionHeads = new[] { 5, 10, 20, 20 }, UseLinearProjection = true, TimeEmbeddingDim = 512 };
        var read = Read(config.ToJson().ToJsonString());
        read.ToJson().ToJsonString().ShouldBe(config.ToJson().ToJsonString());
        read.AttentionHeads[1].ShouldBe(10);
        read.TimeEmbeddingDim.ShouldBe(512);
    }

    [Theory]
    [InlineData("""{"act_fn":"gelu"}""", "act_fn = \"gelu\" is not supported; supported: absent or null, \"silu\"")]
    [InlineData("""{"class_embed_type":"timestep"}""", "class_embed_type = \"timestep\" is not supported")]
    [InlineData("""{"addition_embed_type":"image"}""", "addition_embed_type = \"image\" is not supported")]
    [InlineData("""{"encoder_hid_dim":768}""", "encoder_hid_dim = 768 is not supported")]
    [InlineData("""{"dual_cross_attention":true}""", "dual_cross_attention = true is not supported")]
    [InlineData("""{"only_cross_attention":[true,false]}""", "only_cross_attention = [true,false] is not supported")]
    [InlineData("""{"resnet_time_scale_shift":"scale_shift"}""", "resnet_time_scale_shift = \"scale_shift\" is not supported")]
    [InlineData("""{"num_attention_heads":8}""", "num_attention_heads = 8 is not supported")]
    [InlineData("""{"mid_block_type":"UNetMidBlock2DSimpleCrossAttn"}""", "mid_block_type = ")]
    [InlineData("""{"time_embedding_type":"fourier"}""", "time_embedding_type = \"fourier\" is not supported")]
    [InlineData("""{"dropout":0.1}""", "dropout = 0.1 is not supported")]
    [InlineData("""{"_class_name":"UNet2DModel"}""", "_class_name = \"UNet2DModel\" is not supported")]
    [InlineData("""{"down_block_types":["AttnDownBlock2D","DownBlock2D","DownBlock2D","DownBlock2D"]}""", "down_block_types: AttnDownBlock2D is not supported")]
    [InlineData("""{"up_block_types":["UpBlock2D"]}""", "up_block_types has 1 entries, block_out_channels 4")]
    [InlineData("""{"block_out_channels":[320,640,1280,1281]}""", "block_out_channels[3] = 1281 is not a multiple of norm_num_groups = 32")]
    [InlineData("""{"attention_head_dim":7}""", "is not a multiple of its number of heads (attention_head_dim) = 7")]
    [InlineData("""{"attention_head_dim":[8,8]}""", "attention_head_dim is [8, 8]; expected one number or 4")]
    [InlineData("""{"block_out_channels":"wide"}""", "block_out_channels: expected a list of 1 to 8 whole numbers from 1 to 16384, got \"wide\"")]
    [InlineData("""{"block_out_channels":[]}""", "block_out_channels: expected a list")]
    [InlineData("""{"block_out_channels":[1000000000]}""", "block_out_channels: expected a list")]
    [InlineData("""{"in_channels":0}""", "in_channels: expected a whole number from 1 to 1024, got 0")]
    [InlineData("""{"in_channels":4.5}""", "in_channels: expected a whole number from 1 to 1024, got 4.5")]
    [InlineData("""{"flip_sin_to_cos":"yes"}""", "flip_sin_to_cos: expected true or false, got \"yes\"")]
    [InlineData("""{"norm_eps":"small"}""", "norm_eps: expected a number from 0 to 1, got \"small\"")]
    [InlineData("""{"conv_in_kernel":2}""", "must be odd")]
    [InlineData("""[]""", "expected a JSON object, got []")]
    [InlineData("""{"in_channels":4,"in_channels":5}""", "is not well-formed JSON")]
    [InlineData("""{""", "is not well-formed JSON")]
    public void From_SettingThatCannotBe_IsNamed(string json, string message)
    {
        var exception = Should.Throw<ModelFormatException>(() => Read(json));
        exception.Message.ShouldStartWith("unet/config.json: ");
        exception.Message.ShouldContain(message);
    }

    private static UNetConfig Read(string json) => UNetConfig.From(ModelConfigFile.Parse(Encoding.UTF8.GetBytes(json), "unet/config.json"));
}
