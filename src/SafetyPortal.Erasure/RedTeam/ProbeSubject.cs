using SafetyPortal.Diffusion;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Images;
using static TorchSharp.torch;

namespace SafetyPortal.Erasure.RedTeam;

/// <summary>One image to ask for.</summary>
public sealed record ProbePrompt(string Text, long Seed);

/// <summary>What the probes try to bring back.</summary>
/// <param name="Prompts">Prompts that ask for the concept, at least one; probes take as many as their size allows, evenly.</param>
/// <param name="Paraphrases">Other ways to ask for it.</param>
/// <param name="Words">Words that name the concept in the prompts, tried in their order; a prompt without any of them gets the new token at its end.</param>
public sealed record ProbedConcept(
    IReadOnlyList<ProbePrompt> Prompts, IReadOnlyList<ProbePrompt> Paraphrases, IReadOnlyList<string> Words)
{
    /// <summary>At most <paramref name="count"/> of the items, evenly over the list.</summary>
    internal static IReadOnlyList<T> Evenly<T>(IReadOnlyList<T> items, int count)
    {
        var take = Math.Min(count, items.Count);
        return [.. Enumerable.Range(0, take).Select(i => items[(int)((long)i * items.Count / take)])];
    }
}

/// <summary>Images with their latents and what was seen in them.</summary>
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
    private readonly CancellationToken cancellation;
    private readonly List<IDisposable> owned = [];
    private Painted? unedited;
    private Painted? edited;
    private Tensor? examples;
    private bool verified;

    /// <param name="pipeline">The unedited model; not owned.</param>
    /// <param name="patch">The edit.</param>
    /// <param name="concept">The concept to bring back.</param>
    /// <param name="settings">The budget.</param>
    /// <param name="detect">Whether each image shows the concept.</param>
    /// <param name="cancellation">Ends the making of shared images.</param>
    /// <exception cref="ArgumentException">No prompts, or settings out of range.</exception>
    public ProbeSubject(
        StableDiffusionPipeline pipeline,
        AblationPatch patch,
        ProbedConcept concept,
        ProbeSettings settings,
        Func<IReadOnlyList<Raster>, IReadOnlyList<bool>> detect,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        ArgumentNullException.ThrowIfNull(patch);
        ArgumentNullException.ThrowIfNull(concept);
        ProbeSettings.Validate(settings);
        if (concept.Prompts.Count == 0) throw new ArgumentException("Expected at least one prompt that asks for the concept, got none.", nameof(concept));
        (Pipeline, Patch, Concept, Settings, this.detect, this.cancellation) = (pipeline, patch, concept, settings, detect, cancellation);
        Prompts = ProbedConcept.Evenly(concept.Prompts, settings.Images);
        Walk = new GuidedWalk(pipeline, settings.Steps, settings.Guidance);
    }

    public ProbeSettings Settings { get; }

    public ProbedConcept Concept { get; }

    /// <summary>The prompts of this size, one image each.</summary>
    public IReadOnlyList<ProbePrompt> Prompts { get; }

    internal StableDiffusionPipeline Pipeline { get; }

    internal AblationPatch Patch { get; }

    internal GuidedWalk Walk { get; }

    /// <summary>The unedited model on the prompts.</summary>
    internal Painted Unedited => unedited ??= Paint(Prompts, Ignore);

    /// <summary>The edited model on the prompts, left alone.</summary>
    internal Painted Edited
    {
        get
        {
            if (edited is not null) return edited;
            using var edit = Edit();
            return edited = Paint(Prompts, Ignore);
        }
    }

    /// <summary>Prompts of the examples, with seeds of their own.</summary>
    internal IReadOnlyList<ProbePrompt> ExamplePrompts =>
        [.. ProbedConcept.Evenly(Concept.Prompts, Settings.Examples).Select((p, i) => p with { Seed = ExampleSeeds + Settings.Seed + i })];

    /// <summary>Latents [m, C, h, w] in which the unedited model shows the concept, in place of a few pictures that an attacker owns.</summary>
    internal Tensor Examples => examples ??= Own(PaintLatents(ExamplePrompts, Ignore));

    /// <summary>The size from which the probes' limits follow.</summary>
    public ProbeSize Size => new(Settings, Prompts.Count, Math.Min(Settings.Examples, Concept.Prompts.Count), Math.Min(Settings.Paraphrases, Concept.Paraphrases.Count));

    /// <summary>Applies the edit until disposed; the digests are checked the first time.</summary>
    /// <exception cref="PatchMismatchException">The patch is for other weights.</exception>
    internal IDisposable Edit()
    {
        var applied = verified ? AppliedPatch.WriteUnverified(Pipeline.Unet, Patch) : AppliedPatch.Apply(Pipeline.Unet, Patch);
        verified = true;
        return applied;
    }

    /// <summary>Uses images that the caller made already with this subject's prompts and settings.</summary>
    internal void Adopt(Painted before, Painted after) => (unedited, edited) = (before, after);

    /// <summary>Draws prompts with the model as it is now.</summary>
    internal Painted Paint(IReadOnlyList<ProbePrompt> prompts, Action<long> spent)
    {
        var latents = Own(PaintLatents(prompts, spent));
        return Look(latents);
    }

    /// <summary>Whether each image shows the concept.</summary>
    internal IReadOnlyList<bool> Detect(IReadOnlyList<Raster> images) => detect(images);

    /// <summary>Decodes latents and looks at the images.</summary>
    internal Painted Look(Tensor latents)
    {
        var images = Pipeline.Decode(latents, cancellation);
        return new Painted(latents, images, detect(images));
    }

    /// <summary>Walks in batches and looks at the images.</summary>
    /// <param name="count">Images in all.</param>
    /// <param name="walk">Makes the latents of images; gets the index of the first and their number.</param>
    /// <param name="look">False for unfinished latents, which show nothing yet.</param>
    internal Painted InBatches(int count, Func<int, int, Tensor> walk, bool look = true)
    {
        using var scope = NewDisposeScope();
        var parts = new List<Tensor>();
        for (var first = 0; first < count; first += Settings.BatchSize) parts.Add(walk(first, Math.Min(Settings.BatchSize, count - first)));
        var latents = Own(cat(parts).DetachFromDisposeScope());
        return look ? Look(latents) : new Painted(latents, [], []);
    }

    /// <summary>Walks a batch of the prompts.</summary>
    /// <param name="first">Index of the first prompt.</param>
    /// <param name="count">Prompts in the batch.</param>
    /// <param name="latents">Where to start; null starts from the seeds' noise.</param>
    /// <param name="prompted">False for the empty prompt.</param>
    /// <param name="whole">Whether <paramref name="latents"/> holds all prompts and not this batch alone.</param>
    /// <param name="condition">[count, T, D] in place of the prompts' own.</param>
    internal Tensor Step(
        int first, int count, Tensor? latents, WalkOptions options, EffortMeter meter, CancellationToken cancel,
        bool prompted = true, bool whole = true, Tensor? condition = null)
    {
        using var scope = NewDisposeScope();
        var chunk = Prompts.Skip(first).Take(count).ToList();
        var start = latents is null ? Walk.Noise([.. chunk.Select(p => p.Seed)]) : whole ? latents.narrow(0, first, count) : latents;
        var wanted = condition ?? (prompted ? Pipeline.EncodePrompts([.. chunk.Select(p => p.Text)]) : Unconditional(count));
        return Walk.Run(start, wanted, Unconditional(count), options, meter.Call, cancel).MoveToOuterDisposeScope();
    }

    /// <summary>Embedding of the empty prompt, [n, T, D].</summary>
    internal Tensor Unconditional(int n) => Pipeline.EncodePrompts([.. Enumerable.Repeat(string.Empty, n)]);

    public void Dispose()
    {
        foreach (var item in owned) item.Dispose();
        owned.Clear();
    }

    private Tensor PaintLatents(IReadOnlyList<ProbePrompt> prompts, Action<long> spent)
    {
        using var scope = NewDisposeScope();
        var parts = prompts.Chunk(Settings.BatchSize).Select(chunk => Walk.Run(
            Walk.Noise([.. chunk.Select(p => p.Seed)]),
            Pipeline.EncodePrompts([.. chunk.Select(p => p.Text)]),
            Unconditional(chunk.Length),
            WalkOptions.Plain,
            spent,
            cancellation)).ToList();
        return cat(parts).MoveToOuterDisposeScope();
    }

    private Tensor Own(Tensor tensor)
    {
        owned.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }

    private static void Ignore(long calls)
    {
    }
}
