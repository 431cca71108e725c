using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Evaluation.Backbones;
using SafetyPortal.Images;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Detection;

/// <summary>
/// The embedded model's judge: a small convolutional classifier with one head for what a picture shows and one for its style.
/// It shares nothing with the diffusion model or its CLIP: architecture and seed differ, and neither was trained with it.
/// </summary>
public sealed class ConceptClassifier : nn.Module<Tensor, Tensor>
{
    private const string WeightsName = "model.safetensors";
    private readonly Conv2d stem;
    private readonly ModuleList<ConvolutionStage> stages;
    private readonly Linear objects;
    private readonly Linear styles;

    /// <summary>Builds the network with random weights.</summary>
    public ConceptClassifier(ConceptClassifierConfig config, Device? device = null)
        : base(nameof(ConceptClassifier))
    {
        config.Validate();
        Config = config;
        stem = nn.Conv2d(3, config.Channels[0], 3, 1, 1, device: device);
        stages = nn.ModuleList(Enumerable.Range(0, config.Channels.Count)
            .Select(i => new ConvolutionStage(config.Channels[Math.Max(i - 1, 0)], config.Channels[i], config.Groups, device)).ToArray());
        objects = nn.Linear(config.Channels[^1], config.Objects.Count, device: device);
        styles = nn.Linear(config.Channels[^1], config.Styles.Count, device: device);
        RegisterComponents();
    }

    public ConceptClassifierConfig Config { get; }

    /// <param name="pictures">[B, 3, size, size] in -1..1</param>
    /// <returns>Logits [B, objects + styles], objects first.</returns>
    public override Tensor forward(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        var x = stem.call(pictures); // [B, C0, H, W]
        foreach (var stage in stages)
            x = stage.call(x); // [B, Ci, H/2^(i+1), W/2^(i+1)]
        var pooled = x.mean([2L, 3L]); // [B, C]
        return cat([objects.call(pooled), styles.call(pooled)], 1).MoveToOuterDisposeScope();
    }

    /// <summary>Classifies pictures of any size; they are scaled to the network's.</summary>
    public IReadOnlyList<ConceptVerdict> Classify(IReadOnlyList<Raster> pictures)
    {
        var verdicts = new List<ConceptVerdict>(pictures.Count);
        using var guard = no_grad();
        foreach (var chunk in pictures.Chunk(64))
        {
            using var scope = NewDisposeScope();
            var logits = Overflow.Refuse(call(Pixels(chunk)).to(ScalarType.Float32), () => "the judge"); // [B, objects + styles]
            var ofObjects = logits.narrow(1, 0, Config.Objects.Count).softmax(-1).reshape(-1).data<float>().ToArray();
            var ofStyles = logits.narrow(1, Config.Objects.Count, Config.Styles.Count).softmax(-1).reshape(-1).data<float>().ToArray();
            for (var i = 0; i < chunk.Length; i++)
                verdicts.Add(new ConceptVerdict(Probabilities(Config.Objects, ofObjects, i), Probabilities(Config.Styles, ofStyles, i)));
        }

        return verdicts;
    }

    /// <summary>Writes config.json and model.safetensors.</summary>
    /// <param name="folder">Created if absent.</param>
    /// <param name="dtype">Type to store; null keeps the parameters' own.</param>
    public void Save(string folder, ScalarType? dtype = null)
    {
        Config.Save(folder);
        SafetensorsWriter.Write(
            Path.Combine(folder, WeightsName),
            named_parameters().Select(p => (p.name, (Tensor)p.parameter)),
            new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" },
            dtype);
    }

    /// <summary>Reads what <see cref="Save"/> wrote, as float32 in evaluation mode.</summary>
    /// <exception cref="InvalidDataException">The configuration is malformed.</exception>
    /// <exception cref="SafetyPortal.Diffusion.ModelFormatException">A tensor is missing, unexpected, misshapen, or holds NaN or infinity.</exception>
    public static ConceptClassifier Load(string folder)
    {
        var config = ConceptClassifierConfig.Load(folder);
        using var file = SafetensorsFile.Open(Path.Combine(folder, WeightsName));
        return ModuleWeights.Load(device => new ConceptClassifier(config, device), file, CPU, ScalarType.Float32);
    }

    private Tensor Pixels(IReadOnlyList<Raster> pictures)
    {
        using var scope = NewDisposeScope();
        var pixels = RasterPixels.Of([.. pictures.Select(picture => ImageCodec.Resize(picture, Config.ImageSize, Config.ImageSize))]); // [B, 3, size, size]
        return pixels.div_(127.5).sub_(1).MoveToOuterDisposeScope();
    }

    private static Dictionary<string, float> Probabilities(IReadOnlyList<string> names, float[] values, int row) =>
        names.Zip(values[(row * names.Count)..]).ToDictionary(p => p.First, p => p.Second, StringComparer.Ordinal);
}

/// <summary>The judge's reading of one picture.</summary>
/// <param name="Objects">Probability of every object class; they add up to 1.</param>
/// <param name="Styles">Probability of every style class; they add up to 1.</param>
public sealed record ConceptVerdict(IReadOnlyDictionary<string, float> Objects, IReadOnlyDictionary<string, float> Styles)
{
    /// <summary>The most probable object class.</summary>
    public string Object => Objects.MaxBy(p => p.Value).Key;

    /// <summary>The most probable style class.</summary>
    public string Style => Styles.MaxBy(p => p.Value).Key;
}

/// <summary>Halves the resolution: strided convolution, normalisation, then a residual convolution.</summary>
internal sealed class ConvolutionStage : nn.Module<Tensor, Tensor>
{
    private readonly Conv2d reduce;
    private readonly GroupNorm norm1;
    private readonly Conv2d refine;
    private readonly GroupNorm norm2;

    public ConvolutionStage(int inChannels, int outChannels, int groups, Device? device)
        : base(nameof(ConvolutionStage))
    {
        reduce = nn.Conv2d(inChannels, outChannels, 3, 2, 1, device: device);
        norm1 = Norm(groups, outChannels, device);
        refine = nn.Conv2d(outChannels, outChannels, 3, 1, 1, device: device);
        norm2 = Norm(groups, outChannels, device);
        RegisterComponents();
    }

    /// <param name="x">[B, in, H, W]</param>
    /// <returns>[B, out, H/2, W/2]</returns>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var half = nn.functional.relu(norm1.call(reduce.call(x))); // [B, out, H/2, W/2]
        return (half + nn.functional.relu(norm2.call(refine.call(half)))).MoveToOuterDisposeScope();
    }

    // TorchSharp leaves a new GroupNorm's weight and bias uninitialised.
    private static GroupNorm Norm(int groups, int channels, Device? device)
    {
        var norm = nn.GroupNorm(groups, channels, device: device);
        nn.init.ones_(norm.weight);
        nn.init.zeros_(norm.bias!);
        return norm;
    }
}
