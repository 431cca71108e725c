using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Evaluation.Detection;
using SafetyPortal.Evaluation.PromptSets;
using static TorchSharp.torch;

namespace SafetyPortal.Worker.Models;

/// <summary>
/// A model folder in memory: the pipeline, and beside it what judges its images: <c>clip/</c>, <c>judge/</c> and <c>prompts/</c>. Belongs
/// to the torch thread.
/// </summary>
public sealed class LoadedModel : IDisposable
{
    private readonly string folder;
    private readonly ClipModel clip;
    private readonly ConceptClassifier judge;

    private LoadedModel(string folder, StableDiffusionPipeline pipeline, ClipModel clip, ConceptClassifier judge, string digest, SuppliedBackbones backbones)
    {
        this.folder = folder;
        this.clip = clip;
        this.judge = judge;
        Pipeline = pipeline;
        Digest = digest;
        Backbones = backbones;
        Reader = new ImageReader(pipeline.Tokenizer, clip, judge, backbones);
    }

    public StableDiffusionPipeline Pipeline { get; }

    /// <summary><see cref="WeightsDigest"/> of the UNet.</summary>
    public string Digest { get; }

    public ImageReader Reader { get; }

    /// <summary>Networks of published metrics that were supplied beside the model.</summary>
    public SuppliedBackbones Backbones { get; }

    /// <summary>Reads a model folder.</summary>
    /// <param name="folder">Absolute path.</param>
    /// <param name="expectedDigest">Digest the weights must have; null accepts any.</param>
    /// <param name="evaluation">Networks of published metrics to judge its images with; null for none.</param>
    /// <param name="device">Where the pipeline computes, null for the CPU; what judges its images is small and stays on the CPU.</param>
    /// <exception cref="InvalidDataException">A part is missing or malformed, or the weights are not the expected ones.</exception>
    public static LoadedModel Load(string folder, string? expectedDigest = null, BackboneOptions? evaluation = null, Device? device = null)
    {
        foreach (var part in new[] { "clip", "judge", PromptFolder.Name })
        {
            if (!Directory.Exists(Path.Combine(folder, part)))
                throw new InvalidDataException($"Expected the folder {part}/ in the model {folder}, which judges its images; it is missing.");
        }

        var pipeline = StableDiffusionPipeline.Load(folder, device);
        var digest = WeightsDigest.Of(pipeline.Unet);
        if (expectedDigest is not null && !string.Equals(digest, expectedDigest, StringComparison.Ordinal))
        {
            pipeline.Dispose();
            throw new InvalidDataException(
                $"Expected the weights {expectedDigest} that were registered for {folder}, got {digest}: the model was changed on disk.");
        }

        return new LoadedModel(
            folder, pipeline, ClipModel.Load(Path.Combine(folder, "clip")), ConceptClassifier.Load(Path.Combine(folder, "judge")), digest, SuppliedBackbones.Load(evaluation));
    }

    /// <summary>The prompts of an evaluation set.</summary>
    public IReadOnlyList<EvaluationPrompt> PromptRows(string set) => PromptFolder.Read(folder, set);

    public void Dispose()
    {
        Reader.Dispose();
        Pipeline.Dispose();
        clip.Dispose();
        judge.Dispose();
        Backbones.Dispose();
    }
}
