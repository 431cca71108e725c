using SafetyPortal.Diffusion;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Images;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.RedTeam;

/// <summary>The text and seed of one image.</summary>
public sealed record ProbePrompt(string Text, long Seed);

/// <summary>What the probes try to bring back.</summary>
/// <param name="Prompts">Prompts for the concept, at least one; probes take as many as their size allows, evenly.</param>
/// <param name="Paraphrases">The concept in other words.</param>
/// <param name="Words">Words that name the concept in the prompts, tried in their order; a prompt without any of them gets the new token at its end.</param>
public sealed record ProbedConcept(IReadOnlyList<ProbePrompt> Prompts, IReadOnlyList<ProbePrompt> Paraphrases, IReadOnlyList<string> Words)
{
    /// <summary>At most <paramref name="count"/> of the items, evenly over the list.</summary>
    internal static IReadOnlyList<T> Evenly<T>(IReadOnlyList<T> items, int count)
    {
        var take = Math.Min(count, items.Count);
        return [.. Enumerable.Range(0, take).Select(i => items[(int)((long)i * items.Count / take)])];
    }
}

/// <summary>Images with their latents and what the detector saw in them.</summary>
/// <param name="Latents">[n, C, h, w], denoised.</param>
internal sealed record Painted(Tensor Latents, IReadOnlyList<Raster> Images, IReadOnlyList<bool> Seen);

/// <summary>
/// An unedited model, a patch for it, prompts for the concept and a detector for the probes. Outside a probe the model is unedited.
/// Images that every probe compares with are made once and do not count as a probe's effort.
/// </summary>
public sealed class ProbeSubject : IDisposable
{
    // Far from the seeds of evaluation sets: a probe must not learn from the images that measure it.
    private const long ExampleSeeds = 7_000_000;

    private readonly Func<IReadOnlyList<Raster>, IReadOnlyList<bool>> detect;
    private readonly List<Tensor> owned = [];
    private Painted? unedited;
    private Painted? edited;
    private Tensor? examples;
    private bool verified;

    /// <param name="pipeline">The unedited model; not owned.</param>
    /// <param name="patch">The edit.</param>
    /// <param name="concept">The concept to bring back.</param>
    /// <param name="settings">The budget.</param>
    /// <param name="detect">Whether each image shows the concept.</param>
    /// <param name="cancellation">Ends probes and the making of shared images.</param>
    /// <exception cref="ArgumentException">There are no prompts, or a setting is out of range.</exception>
    public ProbeSubject(
        StableDiffusionPipeline pipeline,
        AblationPatch patch,
        ProbedConcept concept,
        ProbeSettings settings,
        Func<IReadOnlyList<Raster>, IReadOnlyList<bool>> detect,
        CancellationToken cancellation = default)
    {
        ProbeSettings.Validate(settings);
        if (concept.Prompts.Count == 0)
            throw new ArgumentException("Expected at least one prompt for the concept, got none.", nameof(concept));
        (Pipeline, Patch, Concept, Settings, this.detect, Cancellation) = (pipeline, patch, concept, settings, detect, cancellation);
        Prompts = ProbedConcept.Evenly(concept.Prompts, settings.Images);
        Walk = new GuidedWalk(pipeline, settings.Steps, settings.Guidance);
    }

    public ProbeSettings Settings { get; }

    public ProbedConcept Concept { get; }

    /// <summary>The prompts of this size, one image each.</summary>
    public IReadOnlyList<ProbePrompt> Prompts { get; }

    /// <summary>The size from which the probes' limits follow.</summary>
    public ProbeSize Size =>
        new(Settings, Prompts.Count, Math.Min(Settings.Examples, Concept.Prompts.Count), Math.Min(Settings.Paraphrases, Concept.Paraphrases.Count));

    internal StableDiffusionPipeline Pipeline { get; }

    internal AblationPatch Patch { get; }

    internal GuidedWalk Walk { get; }

    internal CancellationToken Cancellation { get; }

    /// <summary>The unedited model on the prompts. Made while the model is unedited.</summary>
    internal Painted Unedited => unedited ??= Paint(Prompts);

    /// <summary>The edited model on the prompts, without a probe. Made while the model is unedited.</summary>
    internal Painted Edited
    {
        get
        {
            if (edited is not null)
                return edited;
            using var edit = Edit();
            return edited = Paint(Prompts);
        }
    }

    /// <summary>Prompts of the examples, with seeds of their own.</summary>
    internal IReadOnlyList<ProbePrompt> ExamplePrompts =>
        [.. ProbedConcept.Evenly(Concept.Prompts, Settings.Examples).Select((p, i) => p with { Seed = ExampleSeeds + Settings.Seed + i })];

    /// <summary>Latents [m, C, h, w] in which the unedited model shows the concept, in place of a few pictures that an attacker owns.</summary>
    internal Tensor Examples => examples ??= Latents(ExamplePrompts, (_, batch) => Run(batch));

    /// <summary>Applies the edit until disposed; the digests are checked the first time.</summary>
    /// <exception cref="PatchMismatchException">The patch is for other weights.</exception>
    internal IDisposable Edit()
    {
        IDisposable applied = verified ? WeightChanges.Apply(Pipeline.Unet, Patch.Tensors) : AppliedPatch.Apply(Pipeline.Unet, Patch);
        verified = true;
        return applied;
    }

    /// <summary>Uses images that the caller made already with this subject's prompts and settings.</summary>
    internal void Adopt(Painted before, Painted after) => (unedited, edited) = (before, after);

    /// <summary>Whether each image shows the concept.</summary>
    internal IReadOnlyList<bool> Detect(IReadOnlyList<Raster> images) => detect(images);

    /// <summary>Paints prompts with the model as it is now.</summary>
    /// <param name="meter">Counts the calls; null for images that no probe is charged for.</param>
    /// <param name="options">The walk of each batch, by the number of its first prompt; null walks plainly.</param>
    internal Painted Paint(
        IReadOnlyList<ProbePrompt> prompts, EffortMeter? meter = null, Func<int, IReadOnlyList<ProbePrompt>, WalkOptions>? options = null) =>
        Look(Latents(prompts, (first, batch) => Run(batch, options?.Invoke(first, batch), meter is null ? null : meter.Call)));

    /// <summary>Decodes latents and has the detector look at the images.</summary>
    internal Painted Look(Tensor latents)
    {
        var images = Pipeline.Decode(latents, Cancellation);
        return new Painted(latents, images, detect(images));
    }

    /// <summary>Makes latents in batches. The subject owns them.</summary>
    /// <param name="walk">Makes the latents of a batch from the number of its first prompt and its prompts.</param>
    /// <returns>[n, C, h, w]</returns>
    internal Tensor Latents(IReadOnlyList<ProbePrompt> prompts, Func<int, IReadOnlyList<ProbePrompt>, Tensor> walk)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var parts = new List<Tensor>();
        for (var first = 0; first < prompts.Count; first += Settings.BatchSize)
        {
            using var inner = NewDisposeScope();
            parts.Add(walk(first, [.. prompts.Skip(first).Take(Settings.BatchSize)]).MoveToOuterDisposeScope());
        }

        owned.Add(cat(parts).DetachFromDisposeScope());
        return owned[^1];
    }

    /// <summary>Walks one batch of prompts, [n, C, h, w].</summary>
    internal Tensor Run(IReadOnlyList<ProbePrompt> batch, WalkOptions? options = null, Action<long>? afterCall = null)
    {
        using var scope = NewDisposeScope();
        options ??= WalkOptions.Plain;
        return Walk.Run(
            options.Start ?? Walk.Noise([.. batch.Select(p => p.Seed)]),
            options.Condition ?? Pipeline.EncodePrompts([.. batch.Select(p => p.Text)]),
            Unconditional(batch.Count),
            options,
            afterCall,
            Cancellation).MoveToOuterDisposeScope();
    }

    /// <summary>Embedding of the empty prompt, [n, T, D].</summary>
    internal Tensor Unconditional(int n) => Pipeline.EncodePrompts([.. Enumerable.Repeat(string.Empty, n)]);

    public void Dispose()
    {
        foreach (var tensor in owned)
            tensor.Dispose();
        owned.Clear();
    }
}
