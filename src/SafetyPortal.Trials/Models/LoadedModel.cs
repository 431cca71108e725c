using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Evaluation.Detection;
using SafetyPortal.Evaluation.PromptSets;
using static TorchSharp.torch;

namespace SafetyPortal.Trials.Models;

/// <summary>
/// A model folder in memory: the pipeline, and what judges its images: <c>clip/</c>, <c>judge/</c> and <c>prompts/</c>. Each of these may be missing if the
/// operator supplied a replacement. Belongs to the torch thread.
/// </summary>
public sealed class LoadedModel : IDisposable
{
    private readonly string folder;
    private readonly string? supplied;
    private readonly ClipModel? clip;
    private readonly ConceptClassifier? judge;
    private string? digest;

    private LoadedModel(string folder, StableDiffusionPipeline pipeline, string? digest, SuppliedBackbones backbones, string? prompts)
    {
        (this.folder, supplied, Pipeline, this.digest, Backbones) = (folder, prompts, pipeline, digest, backbones);
        clip = backbones.Clip is null && ModelCompanions.ClipOf(folder) is { } towers ? ClipModel.Load(towers) : null;
        judge = ModelCompanions.JudgeOf(folder) is { } classifier ? ConceptClassifier.Load(classifier) : null;
        IReadOnlyList<EvaluationPrompt> rows = judge is null && PromptFolder.Files(folder, prompts).Count > 0 ? PromptRows(PromptFolder.DefaultSet) : [];
        Reader = new ImageReader(
            backbones.Clip?.TokenizerOr(pipeline.Tokenizer) ?? pipeline.Tokenizer,
            backbones.Clip?.Model ?? clip,
            judge,
            judge?.Config.Objects ?? ModelScan.Classes(rows),
            judge?.Config.Styles ?? ModelScan.Styles(rows),
            backbones);
    }

    public StableDiffusionPipeline Pipeline { get; }

    /// <summary><see cref="WeightsDigest"/> of the unedited UNet, computed at the first call; no patch may be in force then.</summary>
    public string Digest => digest ??= WeightsDigest.Of(Pipeline.Unet);

    public ImageReader Reader { get; }

    /// <summary>Networks that the operator supplied.</summary>
    public SuppliedBackbones Backbones { get; }

    /// <summary>Reads a model folder.</summary>
    /// <param name="folder">Absolute path.</param>
    /// <param name="expectedDigest">Digest the weights must have; null accepts any.</param>
    /// <param name="evaluation">Networks of published metrics to judge its images with; null for none.</param>
    /// <param name="device">Where the pipeline computes; null for the CPU. The networks that judge its images are small and stay on the CPU.</param>
    /// <param name="expectedComponents">Digests that all parts of the folder must have; null accepts any.</param>
    /// <param name="cancellation">Stops between the parts.</param>
    /// <exception cref="InvalidDataException">A part is missing or malformed, or not the expected one.</exception>
    public static LoadedModel Load(
        string folder,
        string? expectedDigest = null,
        BackboneOptions? evaluation = null,
        Device? device = null,
        IReadOnlyList<ModelComponent>? expectedComponents = null,
        CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        ModelCompanions.RequireInside(folder);
        var backbones = SuppliedBackbones.Load(evaluation);
        StableDiffusionPipeline? pipeline = null;
        try
        {
            cancellation.ThrowIfCancellationRequested();
            pipeline = StableDiffusionPipeline.Load(folder, device);
            cancellation.ThrowIfCancellationRequested();
            if (expectedComponents is not null)
                ModelComponents.Demand(folder, expectedComponents, ModelComponents.Of(folder, evaluation?.Prompts, cancellation));
            var found = expectedDigest is null ? null : WeightsDigest.Of(pipeline.Unet);
            return string.Equals(found, expectedDigest, StringComparison.Ordinal)
                ? new LoadedModel(folder, pipeline, found, backbones, evaluation?.Prompts)
                : throw new InvalidDataException(
                    $"Expected the weights {expectedDigest} that were registered for {folder}, got {found}: the model was changed on disk.");
        }
        catch
        {
            pipeline?.Dispose();
            backbones.Dispose();
            throw;
        }
    }

    /// <summary>Returns the digests of all parts of the folder, computed at every call.</summary>
    public IReadOnlyList<ModelComponent> Components(CancellationToken cancellation) => ModelComponents.Of(folder, supplied, cancellation);

    /// <summary>Returns the prompts of an evaluation set.</summary>
    public IReadOnlyList<EvaluationPrompt> PromptRows(string set) => PromptFolder.Read(folder, set, supplied);

    public void Dispose()
    {
        Reader.Dispose();
        Pipeline.Dispose();
        clip?.Dispose();
        judge?.Dispose();
        Backbones.Dispose();
    }
}
