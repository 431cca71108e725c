using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Tokenizer;

namespace SafetyPortal.Trials.Models;

/// <summary>CLIP as the operator supplied it.</summary>
/// <param name="Tokenizer">Null when no vocabulary came with it.</param>
/// <param name="Name">The network, such as "CLIP ViT-B/32, QuickGELU, 12 heads of 64".</param>
/// <param name="Digest">SHA-256 over its files.</param>
public sealed record SuppliedClip(ClipModel Model, ClipTokenizer? Tokenizer, string Name, string Digest) : IDisposable
{
    private const string Vocabulary = "vocab.json";
    private const string Preprocessing = "preprocessor_config.json";

    /// <summary>Loads a transformers folder, with or without <c>vocab.json</c> and <c>merges.txt</c>, or one file with OpenAI's tensor names.</summary>
    /// <param name="origin">Who trained the network; null leaves that to its configuration.</param>
    /// <exception cref="ModelFormatException">A file is missing or malformed, or the configuration contradicts <paramref name="origin"/>.</exception>
    public static SuppliedClip Load(string path, ClipOrigin? origin)
    {
        var isFolder = Directory.Exists(path);
        if (isFolder && Path.Combine(path, Preprocessing) is var pixels && File.Exists(pixels))
            OpenAiClip.RequirePixels(ModelConfigFile.Open(pixels), "image_mean", "image_std");
        var model = isFolder ? ClipModel.Load(path) : OpenAiClip.Load(path, origin);
        try
        {
            if (origin is { } told && (told == ClipOrigin.OpenAi) != (model.Config.Vision.Activation == ClipActivation.QuickGelu))
                throw new ModelFormatException($"{path}: expected the activation of {told}, the configuration has {model.Config.Vision.Activation}");
            var tokenizer = File.Exists(Path.Combine(path, Vocabulary)) ? ClipTokenizer.Load(path) : null;
            string[] files = isFolder
                ? [.. Directory.GetFiles(path).Where(f => Path.GetExtension(f) is ".safetensors" or ".json" or ".txt").Order(StringComparer.Ordinal)]
                : [path];
            return new(model, tokenizer, NameOf(model.Config), SuppliedBackbones.Digest(files));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Returns its tokenizer, or else the diffusion model's.</summary>
    /// <exception cref="ModelFormatException">The tokenizer does not fit the network; the message says which sizes differ.</exception>
    public ClipTokenizer TokenizerOr(ClipTokenizer other)
    {
        var (chosen, text) = (Tokenizer ?? other, Model.Config.Text);
        return chosen.VocabularySize <= text.VocabSize && chosen.ModelMaxLength <= text.MaxPositions
            ? chosen
            : throw new ModelFormatException(
                $"Expected a tokenizer of at most {text.VocabSize} tokens and {text.MaxPositions} positions for the supplied CLIP, "
                + $"{(Tokenizer is null ? "the diffusion model's" : "its own")} has {chosen.VocabularySize} and {chosen.ModelMaxLength}; "
                + $"put {Vocabulary} and merges.txt into its folder.");
    }

    public void Dispose() => Model.Dispose();

    private static string NameOf(ClipConfig config)
    {
        var image = config.Vision;
        var size = image.HiddenSize switch { 768 => "B", 1024 => "L", 1280 => "H", 1408 => "g", 1664 => "bigG", _ => null };
        var name = size is null ? $"CLIP, width {image.HiddenSize}, patch {image.PatchSize}" : $"CLIP ViT-{size}/{image.PatchSize}";
        var activation = image.Activation == ClipActivation.Gelu ? "exact GELU" : "QuickGELU";
        return $"{name}, {activation}, {image.Heads} heads of {image.HiddenSize / image.Heads}";
    }
}
