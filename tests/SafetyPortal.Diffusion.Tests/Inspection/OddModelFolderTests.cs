using System.Text;
using System.Text.Json.Nodes;
using SafetyPortal.Diffusion.Inspection;
using SafetyPortal.Diffusion.Tests.References;
using SafetyPortal.Diffusion.Tests.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests.Inspection;

/// <summary>
/// Model folders that are damaged, incomplete, hostile or odd, each made from a small whole one. Inspection and loading must give the same message.
/// </summary>
public sealed class OddModelFolderTests : IDisposable
{
    private const string UnetFile = "unet/diffusion_pytorch_model.fp16.safetensors";
    private const string UnetIndex = "unet/diffusion_pytorch_model.safetensors.index.json";
    private const string VaeFile = "vae/diffusion_pytorch_model.safetensors";
    private const string TextFile = "text_encoder/model.safetensors";
    private const string FirstShard = "unet/diffusion_pytorch_model-00001-of-00003.safetensors";
    private const string SecondShard = "unet/diffusion_pytorch_model-00002-of-00003.safetensors";

    private static readonly Dictionary<string, (string Base, Action<OddModelFolderTests> Damage, string Message)> Damages = new(StringComparer.Ordinal)
    {
        // Parts
        ["no index"] = (
            "sd2", f => f.Delete("model_index.json"),
            "model_index.json is missing; expected a diffusers model of class StableDiffusionPipeline or StableDiffusionXLPipeline"),
        ["index is no JSON"] = ("sd2", f => f.Write("model_index.json", "{"), "model_index.json: is not well-formed JSON"),
        ["index is a list"] = ("sd2", f => f.Write("model_index.json", "[]"), "model_index.json: expected a JSON object"),
        ["index of another pipeline"] = (
            "sd2", f => f.Set("model_index.json", "_class_name", "FluxPipeline"),
            "_class_name: expected \"StableDiffusionPipeline\" or \"StableDiffusionXLPipeline\", found \"FluxPipeline\""),
        ["no autoencoder"] = ("sd2", f => Directory.Delete(f.At("vae"), recursive: true), "vae: the folder is missing"),
        ["part of another class"] = (
            "sd2", f => f.Set("model_index.json", "unet", new JsonArray("diffusers", "UNet3DConditionModel")),
            "unet: expected class UNet2DConditionModel, found [\"diffusers\",\"UNet3DConditionModel\"]"),
        ["part is a file"] = ("sd2", f =>
        {
            Directory.Delete(f.At("scheduler"), recursive: true);
            f.Write("scheduler", "");
        }, "scheduler: expected a folder, found a file"),
        ["refiner without first text encoder"] = (
            "sdxl", f => f.Set("model_index.json", "text_encoder", new JsonArray(null, null)),
            "text_encoder: expected class CLIPTextModel, found [null,null]"),
        ["no second tokenizer"] = ("sdxl", f => Directory.Delete(f.At("tokenizer_2"), recursive: true), "tokenizer_2: the folder is missing"),
        ["unknown scheduler"] = (
            "sd2", f => f.Set("model_index.json", "scheduler", new JsonArray("diffusers", "KarrasVeScheduler")),
            "scheduler: expected class PNDMScheduler or DDIMScheduler or EulerDiscreteScheduler or DPMSolverMultistepScheduler, "
            + "found [\"diffusers\",\"KarrasVeScheduler\"]"),

        // Configurations
        ["no unet config"] = ("sd2", f => f.Delete("unet/config.json"), "unet/config.json: cannot be opened"),
        ["config is cut"] = ("sd2", f => f.Write("vae/config.json", "{\"in_channels\": 3"), "vae/config.json: is not well-formed JSON"),
        ["config is a folder"] = ("sd2", f =>
        {
            f.Delete("unet/config.json");
            Directory.CreateDirectory(f.At("unet/config.json"));
        }, "unet/config.json: cannot be opened"),
        ["config of another class"] = (
            "sd2", f => f.Set("unet/config.json", "_class_name", "UNet2DModel"),
            "_class_name = \"UNet2DModel\" is not supported; supported: absent or null, \"UNet2DConditionModel\""),
        ["unknown block"] = (
            "sd2", f => f.Set("unet/config.json", "down_block_types", new JsonArray("AttnDownBlock2D", "DownBlock2D", "DownBlock2D")),
            "down_block_types: AttnDownBlock2D is not supported; supported: CrossAttnDownBlock2D, DownBlock2D"),
        ["heads for too few blocks"] = (
            "sd2", f => f.Set("unet/config.json", "attention_head_dim", new JsonArray(1, 2)),
            "attention_head_dim is [1, 2]; expected one number or 3"),
        ["unknown activation"] = (
            "sd2", f => f.Set("text_encoder/config.json", "hidden_act", "relu"),
            "hidden_act = \"relu\" is not supported; supported: absent or null, \"quick_gelu\", \"gelu\""),
        ["absurd width"] = (
            "sd2", f => f.Set("text_encoder/config.json", "hidden_size", 1_000_000_000),
            "hidden_size: expected a whole number from 1 to 16384, got 1000000000"),
        ["absurd channels that are allowed"] = ("sd2", f => f.Set("unet/config.json", "block_out_channels", new JsonArray(15360, 15360, 15360)), "misshapen"),
        ["negative layers"] = (
            "sd2", f => f.Set("text_encoder/config.json", "num_hidden_layers", -3),
            "num_hidden_layers: expected a whole number from 1 to 128, got -3"),
        ["words for numbers"] = (
            "sd2", f => f.Set("vae/config.json", "latent_channels", "four"),
            "latent_channels: expected a whole number from 1 to 1024, got \"four\""),
        ["unknown prediction"] = (
            "sd2", f => f.Set("scheduler/scheduler_config.json", "prediction_type", "flow"),
            "prediction_type is 'flow'; expected epsilon, sample or v_prediction"),
        ["unknown noise schedule"] = ("sd2", f => f.Set("scheduler/scheduler_config.json", "beta_schedule", "sigmoid"), "beta_schedule is 'sigmoid'"),
        ["half a character in the index"] = ("sd2", f => f.Write("model_index.json", "{\"_class_name\": \"\\ud800\"}"), "half of a surrogate pair"),
        ["half a character in a config"] = ("sd2", f => f.Write("vae/config.json", "{\"act_fn\": \"\\ud800\"}"), "half of a surrogate pair"),
        ["half a character in a tokenizer"] = ("sd2", f => f.Write("tokenizer/tokenizer_config.json", "{\"\\udc00\": 1}"), "half of a surrogate pair"),
        ["half a character in a scheduler"] = (
            "sd2", f => f.Write("scheduler/scheduler_config.json", "{\"prediction_type\": \"\\ud800\"}"),
            "half of a surrogate pair"),
        ["half a character among the shards"] = ("sd2", f => f.Write(UnetIndex, "{\"weight_map\": {\"a\": \"\\ud800\"}}"), "half of a surrogate pair"),
        ["attention masked by padding"] = (
            "sd2", f => f.Set("text_encoder/config.json", "use_attention_mask", true),
            "use_attention_mask = true is not supported"),
        ["four image channels"] = (
            "sd2", f => f.Set("vae/config.json", "in_channels", 4),
            "the autoencoder's in_channels and the channels of an image differ: 4 and 3"),
        ["one image channel"] = (
            "sd2", f => f.Set("vae/config.json", "out_channels", 1),
            "the autoencoder's out_channels and the channels of an image differ: 1 and 3"),
        ["no scheduler config"] = ("sd2", f => f.Delete("scheduler/scheduler_config.json"), "scheduler_config.json is missing"),
        ["no room for pooled text"] = (
            "sdxl", f => f.Set("unet/config.json", "projection_class_embeddings_input_dim", 48),
            "projection_class_embeddings_input_dim = 48 leaves no room for the pooled text"),

        // Tokenizer
        ["no merges"] = ("sd2", f => f.Delete("tokenizer/merges.txt"), "merges.txt is missing"),
        ["merges of another vocabulary"] = (
            "sd2", f => f.Write("tokenizer/merges.txt", "#version: 0.2\nc hurch</w>\n"),
            "merges.txt line 2: the merge makes 'church</w>', which the vocabulary does not list"),
        ["vocabulary larger than the embedding"] = (
            "sd2", f => f.Set("tokenizer/vocab.json", "church</w>", 600),
            "the tokenizer has ids up to 600, the text encoder embeds 514"),
        ["prompts longer than the encoder takes"] = (
            "sd2", f => f.Set("tokenizer/tokenizer_config.json", "model_max_length", 77),
            "the tokenizer gives 77 tokens, the text encoder takes 24"),

        // Weights
        ["weights missing"] = (
            "sd2", f => f.Delete(VaeFile),
            "vae: expected weights in diffusion_pytorch_model.safetensors or diffusion_pytorch_model.safetensors.index.json, found neither"),
        ["pickle only"] = (
            "sd2", f => File.Move(f.At(TextFile), f.At("text_encoder/pytorch_model.bin")),
            "text_encoder/pytorch_model.bin: is a PyTorch pickle"),
        ["pickle under another name"] = (
            "sd2", f => File.WriteAllBytes(f.At(TextFile), [0x80, 0x02, 0x7d, .. new byte[40]]),
            "text_encoder/model.safetensors: is a PyTorch pickle"),
        ["zero bytes"] = ("sd2", f => f.Write(VaeFile, ""), "diffusion_pytorch_model.safetensors: has 0 bytes"),
        ["cut download"] = ("sd2", f => f.Cut(VaeFile, 5000), "(is it cut off?)"),
        ["pointer instead of the file"] = (
            "sd2", f => f.Write(VaeFile, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
            "is a Git LFS pointer"),
        ["folder instead of a file"] = ("sd2", f =>
        {
            f.Delete(VaeFile);
            Directory.CreateDirectory(f.At(VaeFile));
        }, "vae/diffusion_pytorch_model.safetensors: expected a file, found a folder"),
        ["tensor missing"] = ("sdxl", f => f.Rewrite(UnetFile, t => t.Remove("conv_in.bias")), "missing: conv_in.bias [8]"),
        ["tensor too many"] = ("sdxl", f => f.Rewrite(UnetFile, t => t["conv_in.lora.weight"] = ones(2, 3)), "conv_in.lora.weight [2, 3]"),
        ["tensor misshapen"] = ("sdxl", f => f.Rewrite(UnetFile, t => t["conv_in.bias"] = ones(9)), "misshapen: conv_in.bias expected [8], got [9]"),
        ["tensor of whole numbers"] = (
            "sdxl", f => f.Rewrite(UnetFile, t => t["conv_in.bias"] = ones(8, dtype: ScalarType.Int32)),
            "conv_in.bias expected floating-point numbers, got Int32"),
        ["NaN"] = ("sdxl", f => f.Rewrite(UnetFile, t => t["conv_in.bias"] = full(8, float.NaN)), "NaN or infinity"),
        ["infinity in half precision"] = (
            "sdxl", f => f.Rewrite(UnetFile, t => t["conv_out.bias"] = full(4, float.PositiveInfinity).to(ScalarType.Float16)),
            "NaN or infinity"),
        ["shards missing"] = ("sd2", f =>
        {
            f.Delete(FirstShard);
            f.Delete(SecondShard);
        }, "names files that are missing: diffusion_pytorch_model-00001-of-00003.safetensors, diffusion_pytorch_model-00002-of-00003.safetensors"),
        ["index names the wrong shard"] = (
            "sd2", f => f.MapTo("conv_in.weight", Path.GetFileName(SecondShard)),
            "maps \"conv_in.weight\" to diffusion_pytorch_model-00002-of-00003.safetensors, which does not hold it"),
        ["index leads out of the folder"] = (
            "sd2", f => f.MapTo("conv_in.weight", "../vae/diffusion_pytorch_model.safetensors"),
            "maps \"conv_in.weight\" to \"../vae/diffusion_pytorch_model.safetensors\"; expected the plain name"),
        ["tensor in two shards"] = (
            "sd2", f => f.Rewrite(SecondShard, t => t["conv_in.weight"] = ones(8, 4, 3, 3)),
            "lists \"conv_in.weight\" for diffusion_pytorch_model-00001-of-00003.safetensors, "
            + "but diffusion_pytorch_model-00002-of-00003.safetensors holds it as well"),
        ["index without map"] = ("sd2", f => f.Write(UnetIndex, "{\"metadata\":{}}"), "has no object \"weight_map\""),

        // Parts that do not fit
        ["text encoder of another width"] = (
            "sd2", f => f.CopyPart("sdxl", "text_encoder"),
            "the text encoder's hidden_size and the UNet's cross_attention_dim differ: 12 and 20"),
        ["unet of another family"] = (
            "sd2", f => f.CopyPart("sdxl", "unet"),
            "the UNet takes a pooled text embedding (addition_embed_type text_time), which only a second text encoder gives"),
        ["old unet under new text encoders"] = (
            "sdxl", f => f.CopyPart("sd2", "unet"),
            "a second text encoder gives a pooled text embedding, for which the UNet has no addition_embed_type"),

        // Links
        ["link out of the folder"] = ("sd2", f => f.LinkOut("vae/config.json"), "outside the model folder"),
        ["folder linked from elsewhere"] = ("sd2", f =>
        {
            Directory.Delete(f.At("vae"), recursive: true);
            Directory.CreateSymbolicLink(f.At("vae"), ReferenceFolder.At("sd2", "vae"));
        }, "outside the model folder"),
        ["link to nothing"] = ("sd2", f =>
        {
            f.Delete(VaeFile);
            File.CreateSymbolicLink(f.At(VaeFile), "gone.safetensors");
        }, "is a link that cannot be followed: Could not find file"),
        ["link in a circle"] = ("sd2", f =>
        {
            f.Delete(VaeFile);
            File.CreateSymbolicLink(f.At(VaeFile), f.At(VaeFile));
        }, "is a link that cannot be followed"),
    };

    private readonly TemporaryFolder folder = new();
    private readonly DisposeScope scope = NewDisposeScope();

    public static TheoryData<string> Names => new(Damages.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public void InspectAndLoad_OddFolder_SayWhatIsWrong(string what)
    {
        var (origin, damage, message) = Damages[what];
        folder.Copy(ReferenceFolder.At(origin), "model");
        damage(this);

        var report = ModelFolderInspection.Inspect(Model);

        report.IsWhole.ShouldBeFalse(what);
        report.Problems.ShouldContain(p => p.Contains(message, StringComparison.Ordinal), $"{what}: {string.Join("\n", report.Problems)}");
        Should.Throw<ModelFormatException>(() => StableDiffusionPipeline.Load(Model)).Message.ShouldContain(message, Case.Sensitive, what);
    }

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    private string Model => folder.At("model");

    private string At(string file) => Path.Combine(Model, file);

    private void CopyPart(string origin, string part)
    {
        Directory.Delete(At(part), recursive: true);
        folder.Copy(ReferenceFolder.At(origin, part), Path.Combine("model", part));
    }

    private void Delete(string file)
    {
        File.Exists(At(file)).ShouldBeTrue(file);
        File.Delete(At(file));
    }

    private void Write(string file, string text) => File.WriteAllText(At(file), text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));

    private void Set(string file, string key, JsonNode value)
    {
        var content = JsonNode.Parse(File.ReadAllText(At(file)))!.AsObject();
        content[key] = value;
        Write(file, content.ToJsonString());
    }

    private void MapTo(string tensor, string shard)
    {
        var content = JsonNode.Parse(File.ReadAllText(At(UnetIndex)))!.AsObject();
        content["weight_map"]![tensor].ShouldNotBeNull();
        content["weight_map"]![tensor] = shard;
        Write(UnetIndex, content.ToJsonString());
    }

    private void Cut(string file, int bytes) => File.WriteAllBytes(At(file), File.ReadAllBytes(At(file))[..bytes]);

    private void LinkOut(string file)
    {
        File.Move(At(file), folder.At("elsewhere"));
        File.CreateSymbolicLink(At(file), folder.At("elsewhere"));
    }

    private void Rewrite(string file, Action<Dictionary<string, Tensor>> change) => SafetensorsBytes.Rewrite(At(file), change);
}
