using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Schedulers;
using SafetyPortal.Diffusion.Tokenizer;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Diffusion.Vae;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion;

// The diffusers folder: model_index.json and one folder for each part.
public sealed partial class StableDiffusionPipeline
{
    /// <summary>
    /// Loads a Stable Diffusion 1.x folder in diffusers layout, weights as safetensors only. Configurations and shapes are
    /// checked before weights are allocated.
    /// </summary>
    /// <param name="directory">The folder that holds <c>model_index.json</c>.</param>
    /// <param name="device">Where to put the networks; null is the CPU.</param>
    /// <param name="dtype">The type to compute in; the files may hold another.</param>
    /// <exception cref="ModelFormatException">A part is missing, malformed, misshapen or does not fit the others.</exception>
    public static StableDiffusionPipeline Load(string directory, Device? device = null, ScalarType dtype = ScalarType.Float32)
    {
        var className = ModelIndex.Check(directory);
        string Part(string name) => Path.Combine(directory, name);

        var scheduler = SchedulerConfig.Load(Part("scheduler")) with { ClassName = className };
        using (scheduler.CreateScheduler() as IDisposable)
        {
            // Made once and thrown away: settings it cannot follow are found now, not at the first image.
        }

        var tokenizer = ClipTokenizer.Load(Part("tokenizer"));
        var owned = new List<IDisposable>();
        T Own<T>(T part)
            where T : IDisposable
        {
            owned.Add(part);
            return part;
        }

        try
        {
            return new StableDiffusionPipeline(
                tokenizer,
                Own(ClipTextModel.Load(Part("text_encoder"), device, dtype)),
                Own(UNet2DConditionModel.Load(Part("unet"), device, dtype)),
                Own(AutoencoderKL.Load(Part("vae"), device, dtype)),
                scheduler,
                device,
                dtype);
        }
        catch
        {
            owned.ForEach(part => part.Dispose());
            throw;
        }
    }

    /// <summary>Writes everything but the tokenizer's files, which the caller puts into <c>tokenizer/</c>.</summary>
    /// <param name="directory">Created if absent.</param>
    /// <param name="dtype">The type to store weights in; null keeps their own.</param>
    public void Save(string directory, ScalarType? dtype = null)
    {
        ModelIndex.Write(directory, SchedulerConfig.ClassName);
        SchedulerConfig.Save(Path.Combine(directory, "scheduler"));
        TextEncoder.Save(Path.Combine(directory, "text_encoder"), dtype);
        Unet.Save(Path.Combine(directory, "unet"), dtype);
        Vae.Save(Path.Combine(directory, "vae"), dtype);
    }
}
