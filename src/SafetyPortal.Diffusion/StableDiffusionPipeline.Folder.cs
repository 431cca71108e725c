using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Inspection;
using SafetyPortal.Diffusion.Tokenizer;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Diffusion.Vae;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion;

// The diffusers folder: model_index.json and one folder for each part.
public sealed partial class StableDiffusionPipeline
{
    /// <summary>
    /// Loads a Stable Diffusion 1.x, 2.x or XL folder in diffusers layout, weights as safetensors only. Configurations and shapes
    /// are checked before weights are allocated.
    /// </summary>
    /// <param name="directory">The folder that holds <c>model_index.json</c>.</param>
    /// <param name="device">Where to put the networks; null is the CPU.</param>
    /// <param name="dtype">The type to compute in; the files may hold another.</param>
    /// <exception cref="ModelFormatException">A part is missing, malformed, misshapen or does not fit the others.</exception>
    public static StableDiffusionPipeline Load(string directory, Device? device = null, ScalarType dtype = ScalarType.Float32)
    {
        var index = ModelIndex.Check(directory);
        FolderBoundary.Require(directory, [ModelIndex.FileName, .. index.Folders]);
        string Part(string name) => Path.Combine(directory, name);

        // 1. Everything small, so that parts that do not fit are found before weights take memory.
        var scheduler = PipelineConfigs.ReadScheduler(directory, index);
        var configs = new PipelineConfigs(
            ClipTokenizer.Load(Part("tokenizer")),
            PipelineConfigs.ReadText(directory, "text_encoder"),
            index.IsXl ? ClipTokenizer.Load(Part("tokenizer_2")) : null,
            index.IsXl ? PipelineConfigs.ReadText(directory, "text_encoder_2") : null,
            PipelineConfigs.ReadUnet(directory),
            PipelineConfigs.ReadVae(directory));
        configs.RequireFit();

        // 2. The weights.
        var owned = new List<IDisposable>();
        T Own<T>(T part)
            where T : IDisposable
        {
            owned.Add(part);
            return part;
        }

        try
        {
            var text = Own(ClipTextModel.Load(Part("text_encoder"), configs.Text, device, dtype));
            var text2 = configs.Text2 is { } config ? Own(ClipTextModel.Load(Part("text_encoder_2"), config, device, dtype)) : null;
            var second = text2 is null ? null : new SecondTextEncoder(configs.Tokenizer2!, text2, index.ForceZerosForEmptyPrompt);
            var unet = Own(UNet2DConditionModel.Load(Part("unet"), device, dtype));
            var upcast = index.IsXl && configs.Vae.ForceUpcast && dtype == ScalarType.Float16;
            var vae = Own(AutoencoderKL.Load(Part("vae"), device, upcast ? ScalarType.Float32 : dtype));
            return new StableDiffusionPipeline(configs.Tokenizer, text, unet, vae, scheduler, device, dtype, second);
        }
        catch
        {
            owned.ForEach(part => part.Dispose());
            throw;
        }
    }

    /// <summary>Writes everything but the tokenizers' files, which the caller puts into <c>tokenizer/</c> and <c>tokenizer_2/</c>.</summary>
    /// <param name="directory">Created if absent.</param>
    /// <param name="dtype">The type to store weights in; null keeps their own.</param>
    public void Save(string directory, ScalarType? dtype = null)
    {
        var pipeline = Second is null ? ModelIndex.StableDiffusion : ModelIndex.StableDiffusionXl;
        new ModelIndex(pipeline, SchedulerConfig.ClassName, Second?.ZerosForEmptyPrompt ?? false).Write(directory);
        SchedulerConfig.Save(Path.Combine(directory, "scheduler"));
        TextEncoder.Save(Path.Combine(directory, "text_encoder"), dtype);
        Second?.Encoder.Save(Path.Combine(directory, "text_encoder_2"), dtype);
        Unet.Save(Path.Combine(directory, "unet"), dtype);
        Vae.Save(Path.Combine(directory, "vae"), dtype);
    }
}
