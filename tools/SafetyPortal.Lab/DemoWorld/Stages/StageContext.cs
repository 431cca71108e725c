using SafetyPortal.Diffusion.Tokenizer;
using SafetyPortal.Lab.DemoWorld.Captions;
using SafetyPortal.Lab.DemoWorld.Training;
using SafetyPortal.Lab.DemoWorld.World;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Stages;

/// <summary>What every stage needs: the recipe, the pictures, the tokenizer, and where to write.</summary>
public sealed class StageContext : IDisposable
{
    private readonly Lazy<PictureSet> _pictures;
    private readonly Lazy<PictureSet> _heldOut;

    /// <param name="recipe">Sizes of everything.</param>
    /// <param name="artworkDirectory">The folder with noto/, twemoji/ and fluent/.</param>
    /// <param name="workDirectory">Checkpoints, curves and sheets; created.</param>
    /// <param name="threads">Cores to use.</param>
    /// <param name="compute">Type that training computes in.</param>
    /// <param name="report">Receives progress; may be null.</param>
    /// <param name="clock">Measures time budgets.</param>
    public StageContext(
        DemoRecipe recipe,
        string artworkDirectory,
        string workDirectory,
        int threads,
        ScalarType compute,
        IProgress<TrainingProgress>? report,
        TimeProvider clock)
    {
        Recipe = recipe;
        WorkDirectory = workDirectory;
        Threads = threads;
        Compute = compute;
        Report = report;
        Clock = clock;
        Directory.CreateDirectory(workDirectory);
        Renderer = new SceneRenderer(Artwork.Load(artworkDirectory));
        TokenizerDirectory = Path.Combine(workDirectory, "tokenizer");
        TokenizerLearner.Write(TokenizerDirectory, TokenizerLearner.Learn(CaptionWriter.Everything()));
        Tokenizer = ClipTokenizer.Load(TokenizerDirectory);
        _pictures = new(() => PictureSet.Render(Renderer, recipe.PictureSeed, recipe.Pictures, threads, CancellationToken.None));
        _heldOut = new(() => PictureSet.Render(Renderer, recipe.PictureSeed + 1, recipe.HeldOut, threads, CancellationToken.None));
    }

    public DemoRecipe Recipe { get; }

    public string WorkDirectory { get; }

    public int Threads { get; }

    public ScalarType Compute { get; }

    public IProgress<TrainingProgress>? Report { get; }

    public TimeProvider Clock { get; }

    public SceneRenderer Renderer { get; }

    public string TokenizerDirectory { get; }

    public ClipTokenizer Tokenizer { get; }

    /// <summary>Training pictures, rendered when first asked for.</summary>
    public PictureSet Pictures => _pictures.Value;

    /// <summary>Pictures of another seed that nothing trains on.</summary>
    public PictureSet HeldOut => _heldOut.Value;

    /// <summary>Ids of captions.</summary>
    /// <returns>[B, 20] int64</returns>
    public Tensor Ids(IReadOnlyList<string> captions)
    {
        var ids = captions.SelectMany(c => Tokenizer.EncodePadded(c)).ToArray();
        return tensor(ids).reshape(captions.Count, Tokenizer.ModelMaxLength);
    }

    public void Dispose()
    {
        if (_pictures.IsValueCreated)
            _pictures.Value.Dispose();
        if (_heldOut.IsValueCreated)
            _heldOut.Value.Dispose();
    }
}
