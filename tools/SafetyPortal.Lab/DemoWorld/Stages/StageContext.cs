using SafetyPortal.Diffusion.Tokenizer;
using SafetyPortal.Lab.DemoWorld.Captions;
using SafetyPortal.Lab.DemoWorld.Training;
using SafetyPortal.Lab.DemoWorld.World;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Stages;

/// <summary>What every stage needs: the recipe, the pictures, the tokenizer, and where to write.</summary>
public sealed class StageContext : IDisposable
{
    private readonly Lazy<PictureSet> pictures;
    private readonly Lazy<PictureSet> heldOut;

    /// <param name="recipe">Sizes of everything.</param>
    /// <param name="artworkDirectory">The folder with noto/, twemoji/ and fluent/.</param>
    /// <param name="workDirectory">Checkpoints, curves and sheets; created.</param>
    /// <param name="threads">Cores to use.</param>
    /// <param name="compute">Type that training computes in.</param>
    /// <param name="report">Receives progress; may be null.</param>
    public StageContext(
        DemoRecipe recipe, string artworkDirectory, string workDirectory, int threads, ScalarType compute, IProgress<TrainingProgress>? report)
    {
        (Recipe, WorkDirectory, Threads, Compute, Report) = (recipe, workDirectory, threads, compute, report);
        Directory.CreateDirectory(workDirectory);
        Renderer = new SceneRenderer(Artwork.Load(artworkDirectory));
        TokenizerDirectory = Path.Combine(workDirectory, "tokenizer");
        TokenizerLearner.Write(TokenizerDirectory, TokenizerLearner.Learn(CaptionWriter.Everything()));
        Tokenizer = ClipTokenizer.Load(TokenizerDirectory);
        pictures = new(() => PictureSet.Render(Renderer, recipe.PictureSeed, recipe.Pictures, threads));
        heldOut = new(() => PictureSet.Render(Renderer, recipe.PictureSeed + 1, recipe.HeldOut, threads));
    }

    public DemoRecipe Recipe { get; }

    public string WorkDirectory { get; }

    public int Threads { get; }

    public ScalarType Compute { get; }

    public IProgress<TrainingProgress>? Report { get; }

    public SceneRenderer Renderer { get; }

    public string TokenizerDirectory { get; }

    public ClipTokenizer Tokenizer { get; }

    /// <summary>Training pictures, rendered at the first use.</summary>
    public PictureSet Pictures => pictures.Value;

    /// <summary>Pictures of another seed that nothing trains on.</summary>
    public PictureSet HeldOut => heldOut.Value;

    /// <summary>Numbers of <paramref name="count"/> training pictures.</summary>
    public long[] DrawPictures(ref SceneRandom random, int count)
    {
        var indices = new long[count];
        for (var i = 0; i < count; i++)
            indices[i] = random.Index(Recipe.Pictures);
        return indices;
    }

    /// <summary>Ids of captions.</summary>
    /// <returns>[B, 20] int64</returns>
    public Tensor Ids(IReadOnlyList<string> captions)
    {
        var ids = captions.SelectMany(c => Tokenizer.EncodePadded(c)).ToArray();
        return tensor(ids).reshape(captions.Count, Tokenizer.ModelMaxLength);
    }

    /// <summary>Gives <paramref name="model"/> the averaged weights of a trained stage, float32, for use and export.</summary>
    /// <exception cref="FileNotFoundException">The stage has not been trained.</exception>
    public TModule Trained<TModule>(string stage, TModule model)
        where TModule : nn.Module
    {
        using var average = TrainingCheckpoint.ReadAverage(WorkDirectory, stage);
        FlatParameters.Scatter(model, average);
        model.eval();
        return model;
    }

    public void Dispose()
    {
        if (pictures.IsValueCreated)
            pictures.Value.Dispose();
        if (heldOut.IsValueCreated)
            heldOut.Value.Dispose();
    }
}
