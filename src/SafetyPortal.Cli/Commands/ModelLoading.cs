using SafetyPortal.Diffusion;
using SafetyPortal.Erasure.Ablation;

namespace SafetyPortal.Cli.Commands;

/// <summary>Reads the model and patches a command names.</summary>
internal static class ModelLoading
{
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static StableDiffusionPipeline Pipeline(DirectoryInfo folder)
    {
        if (!folder.Exists) throw new DirectoryNotFoundException($"Expected a model folder at {folder.FullName}, there is none.");
        return StableDiffusionPipeline.Load(folder.FullName);
    }

    /// <summary>Applies patches one on the other; disposing the result takes them off again, last first.</summary>
    /// <exception cref="PatchMismatchException">A patch does not fit what it is applied to.</exception>
    public static IDisposable Apply(StableDiffusionPipeline pipeline, IReadOnlyList<FileInfo> patches)
    {
        var stack = new PatchStack();
        try
        {
            foreach (var file in patches) stack.Push(AppliedPatch.Apply(pipeline.Unet, AblationPatch.Load(file.FullName)));
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
            while (applied.TryPop(out var patch)) patch.Dispose();
        }
    }
}
