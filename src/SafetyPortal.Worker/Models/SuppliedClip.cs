using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Tokenizer;

namespace SafetyPortal.Worker.Models;

/// <summary>CLIP as the operator supplied it.</summary>
/// <param name="Tokenizer">Null when no vocabulary came with it: then it is that of the diffusion model, which has OpenAI's.</param>
/// <param name="Name">What it is, such as "CLIP ViT-B/32".</param>
/// <param name="Digest">SHA-256 over its files.</param>
public sealed record SuppliedClip(ClipModel Model, ClipTokenizer? Tokenizer, string Name, string Digest) : IDisposable
{
    private const string Vocabulary = "vocab.json";

    /// <summary>Loads a transformers folder, with or without <c>vocab.json</c> and <c>merges.txt</c>, or one file with OpenAI's tensor names.</summary>
    /// <exception cref="ModelFormatException">A file is missing or not what it should be.</exception>
    public static SuppliedClip Load(string path)
    {
        if (!Directory.Exists(path))
        {
            var single = OpenAiClip.Load(path);
            return new(single, null, NameOf(single.Config), SuppliedBackbones.Digest(path));
        }

        var model = ClipModel.Load(path);
        try
        {
            var tokenizer = File.Exists(Path.Combine(path, Vocabulary)) ? ClipTokenizer.Load(path) : null;
            string[] files = [.. Directory.GetFiles(path).Where(f => Path.GetExtension(f) is ".safetensors" or ".json" or ".txt").Order(StringComparer.Ordinal)];
            return new(model, tokenizer, NameOf(model.Config), SuppliedBackbones.Digest(files));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Its tokenizer, or else the diffusion model's where that fits.</summary>
    /// <exception cref="ModelFormatException">Neither fits; the message says which sizes differ.</exception>
    public ClipTokenizer TokenizerOr(ClipTokenizer other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var (chosen, text) = (Tokenizer ?? other, Model.Config.Text);
        return chosen.VocabularySize <= text.VocabSize && chosen.ModelMaxLength <= text.MaxPositions
            ? chosen
            : throw new ModelFormatException(
                $"Expected a tokenizer of at most {text.VocabSize} tokens and {text.MaxPositions} positions for the supplied CLIP, {(Tokenizer is null ? "the diffusion model's" : "its own")} has {chosen.VocabularySize} and {chosen.ModelMaxLength}; put {Vocabulary} and merges.txt beside its weights.");
    }

    public void Dispose() => Model.Dispose();

    private static string NameOf(ClipConfig config) => config.Vision.HiddenSize switch
    {
        768 => $"CLIP ViT-B/{config.Vision.PatchSize}",
        1024 => $"CLIP ViT-L/{config.Vision.PatchSize}",
        1280 => $"CLIP ViT-H/{config.Vision.PatchSize}",
        var width => $"CLIP, width {width}, patch {config.Vision.PatchSize}",
    };
}
