using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Evaluation.Detection;

namespace SafetyPortal.Trials.Models;

/// <summary>
/// Files of the published metrics' networks, which cannot be distributed with the portal: safetensors, and ONNX for the nudity detector.
/// Null leaves a metric to what the model folder holds.
/// </summary>
public sealed class BackboneOptions
{
    /// <summary>
    /// CLIP for zero-shot detection, CLIP score and, without <see cref="Inception"/>, features: a transformers folder, or a file with OpenAI's tensor
    /// names. It replaces the model folder's CLIP, and its judge where that is missing.
    /// </summary>
    public string? Clip { get; set; }

    /// <summary>Who trained <see cref="Clip"/>, for a file with OpenAI's tensor names that has no <c>open_clip_config.json</c> in its folder.</summary>
    public ClipOrigin? ClipOrigin { get; set; }

    /// <summary>InceptionV3 for FID (pytorch-fid's tensor names).</summary>
    public string? Inception { get; set; }

    /// <summary>LPIPS: AlexNet or VGG-16 as torchvision or LPIPS names it; with or without the linear layers.</summary>
    public string? Lpips { get; set; }

    /// <summary>LPIPS's linear layers (<c>lin0.model.1.weight</c> ...) when they are a file of their own.</summary>
    public string? LpipsLinear { get; set; }

    /// <summary>ResNet-50 for ImageNet (torchvision's tensor names), the judge of objects that ImageNet names.</summary>
    public string? ResNet { get; set; }

    /// <summary>Names of ImageNet's classes; null knows the ten of Imagenette.</summary>
    public string? ImageNetLabels { get; set; }

    /// <summary>A NudeNet detector as ONNX, the judge of nudity.</summary>
    public string? NudeNet { get; set; }

    /// <summary>Score from which a NudeNet box counts.</summary>
    public double NudeNetThreshold { get; set; } = NudityDetector.DefaultThreshold;

    /// <summary>Height and width of the NudeNet input, for a file that leaves them open: 320 for 320n, 640 for 640m.</summary>
    public int? NudeNetSize { get; set; }

    /// <summary>Whether ImageNet's ResNet-18 measures FID and KID too: a second opinion that never saw the model's training pictures.</summary>
    public bool SecondJudge { get; set; }

    /// <summary>An evaluation set as CSV, or a folder of them, that replaces the model's <c>prompts/</c>.</summary>
    public string? Prompts { get; set; }

    /// <summary>Refuses settings of networks that are not supplied: they would be ignored.</summary>
    /// <exception cref="InvalidDataException">Names the setting and the network it belongs to.</exception>
    internal void RequireUses()
    {
        foreach (var (setting, value, network, file) in new (string, object?, string, string?)[]
        {
            (nameof(ClipOrigin), ClipOrigin, nameof(Clip), Clip), (nameof(LpipsLinear), LpipsLinear, nameof(Lpips), Lpips),
            (nameof(ImageNetLabels), ImageNetLabels, nameof(ResNet), ResNet), (nameof(NudeNetSize), NudeNetSize, nameof(NudeNet), NudeNet),
        })
        {
            if (value is not null && file is null)
                throw new InvalidDataException($"Expected a file for {network}, which {setting} belongs to, got none.");
        }
    }

    /// <summary>
    /// Returns what a folder holds under fixed names: <c>clip/</c> or <c>clip.safetensors</c>, <c>inception</c>, <c>lpips</c>, <c>lpips-linear</c> and
    /// <c>resnet50.safetensors</c>, <c>imagenet-labels.txt</c> or <c>.json</c>, <c>nudenet.onnx</c>, <c>prompts/</c> or <c>prompts.csv</c>.
    /// </summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">It holds none of these.</exception>
    public static BackboneOptions FromFolder(string folder)
    {
        const string Weights = ".safetensors";
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"Expected a folder of networks at {folder}, there is none.");
        var found = new BackboneOptions
        {
            Clip = First("clip", "clip" + Weights),
            Inception = First("inception" + Weights),
            Lpips = First("lpips" + Weights),
            LpipsLinear = First("lpips-linear" + Weights),
            ResNet = First("resnet50" + Weights),
            ImageNetLabels = First("imagenet-labels.txt", "imagenet-labels.json"),
            NudeNet = First("nudenet.onnx"),
            Prompts = First("prompts", "prompts.csv"),
        };
        return found is { Clip: null, Inception: null, Lpips: null, ResNet: null, NudeNet: null, Prompts: null }
            ? throw new InvalidDataException(
                $"Expected clip/, clip, inception, lpips or resnet50{Weights}, nudenet.onnx or prompts/ in {folder}, there is none of them.")
            : found;

        string? First(params string[] names) => names.Select(name => Path.Combine(folder, name)).FirstOrDefault(Path.Exists);
    }
}
