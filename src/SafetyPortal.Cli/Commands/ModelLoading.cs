using SafetyPortal.Diffusion;
using SafetyPortal.Erasure.Ablation;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Cli.Commands;

/// <summary>Finds the model that comes with the repository.</summary>
public static class EmbeddedModel
{
    /// <summary>The nearest <c>models/demo</c> at or above the working directory or the program's own folder.</summary>
    public static string Folder => Find(Directory.GetCurrentDirectory()) ?? Find(AppContext.BaseDirectory) ?? Path.Combine("models", "demo");

    private static string? Find(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "models", "demo");
            if (Directory.Exists(candidate))
                return candidate;
        }

        return null;
    }
}

/// <summary>Reads the model and patches a command names.</summary>
internal static class ModelLoading
{
    /// <summary>Types by the names of <c>--dtype</c>.</summary>
    public static IReadOnlyDictionary<string, ScalarType> Types { get; } = new Dictionary<string, ScalarType>(StringComparer.Ordinal)
    {
        ["fp32"] = ScalarType.Float32,
        ["bf16"] = ScalarType.BFloat16,
        ["fp16"] = ScalarType.Float16,
    };

    /// <summary>Returns the path of a model folder.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static string Folder(DirectoryInfo folder) =>
        folder.Exists ? folder.FullName : throw new DirectoryNotFoundException($"Expected a model folder at {folder.FullName}, there is none.");

    /// <param name="device">As <c>--device</c> has it.</param>
    /// <param name="dtype">As <c>--dtype</c> has it.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">This machine's libtorch has no such device.</exception>
    public static StableDiffusionPipeline Pipeline(DirectoryInfo folder, string device = "cpu", string dtype = "fp32") =>
        StableDiffusionPipeline.Load(Folder(folder), Device(device), Types[dtype]);

    /// <exception cref="InvalidDataException">This machine's libtorch has no such device.</exception>
    public static Device Device(string name)
    {
        var device = new Device(name);
        if (device.type == DeviceType.CUDA && (!cuda.is_available() || device.index >= cuda.device_count()))
            throw new InvalidDataException($"Expected a CUDA device for {name}; this libtorch sees {(cuda.is_available() ? cuda.device_count() : 0)}.");
        return device;
    }

    /// <summary>Applies patches one on the other; disposing the result takes them off again, last first.</summary>
    /// <exception cref="PatchMismatchException">A patch does not fit what it is applied to.</exception>
    public static IDisposable Apply(StableDiffusionPipeline pipeline, IReadOnlyList<FileInfo> patches)
    {
        var stack = new PatchStack();
        try
        {
            foreach (var file in patches)
                stack.Push(AppliedPatch.Apply(pipeline.Unet, AblationPatch.Load(file.FullName)));
            return stack;
        }
        catch
        {
            stack.Dispose();
            throw;
        }
    }

    private sealed class PatchStack : IDisposable
    {
        private readonly Stack<AppliedPatch> applied = [];

        public void Push(AppliedPatch patch) => applied.Push(patch);

        public void Dispose()
        {
            while (applied.TryPop(out var patch))
                patch.Dispose();
        }
    }
}
