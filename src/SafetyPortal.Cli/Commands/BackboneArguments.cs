using System.CommandLine;
using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Evaluation.Detection;
using SafetyPortal.Trials.Models;

namespace SafetyPortal.Cli.Commands;

/// <summary>Files of the networks that published metrics use.</summary>
internal sealed class BackboneArguments
{
    private readonly Option<DirectoryInfo?> folder = new("--backbones")
    {
        Description = "Folder with any of clip/, clip.safetensors, inception.safetensors, lpips.safetensors, lpips-linear.safetensors, resnet50.safetensors, "
            + "imagenet-labels.txt, nudenet.onnx and prompts/. The options below override it.",
    };

    private readonly Option<FileInfo?> clip = File(
        "--clip", "CLIP for detection, CLIP score and, without --inception, features: a transformers folder, or safetensors with OpenAI's tensor names.");

    private readonly Option<FileInfo?> prompts = File("--prompts", "Evaluation set as CSV, or a folder of them, in place of the model's prompts/.");
    private readonly Option<FileInfo?> inception = File("--inception", "InceptionV3 for FID, as safetensors with pytorch-fid's tensor names.");
    private readonly Option<FileInfo?> lpips = File("--lpips", "AlexNet or VGG-16 for LPIPS, as safetensors with torchvision's or LPIPS's tensor names.");
    private readonly Option<FileInfo?> lpipsLinear = File("--lpips-linear", "LPIPS's linear layers, when they are a file of their own.");
    private readonly Option<FileInfo?> resNet = File(
        "--resnet", "ResNet-50 for ImageNet, as safetensors with torchvision's tensor names; judges objects that ImageNet names.");

    private readonly Option<FileInfo?> labels = File(
        "--imagenet-labels", "Names of ImageNet's classes: a line for each, or JSON. Default: the ten of Imagenette.");

    private readonly Option<FileInfo?> nudeNet = File("--nudenet", "NudeNet detector as ONNX; judges nudity.");

    private readonly Option<double> threshold = CommonOptions.Real(
        "--nudenet-threshold",
        "Score from which a NudeNet box counts. Published counts use 0.5 to 0.75 and cannot be compared across thresholds.",
        NudityDetector.DefaultThreshold,
        0,
        1);

    private readonly Option<int?> size = CommonOptions.OptionalNumber(
        "--nudenet-size", "Height and width of the detector's input, where the ONNX file leaves them open: 320 for 320n, 640 for 640m.", 32, 4096);

    private readonly Option<ClipOrigin?> origin = CommonOptions.OptionalChoice<ClipOrigin>(
        "--clip-origin", "Who trained the --clip file (OpenAi or OpenClip), where no open_clip_config.json is in its folder.");

    private readonly Option<bool> second = new("--second-judge")
    {
        Description = "Measure FID and KID with ImageNet's ResNet-18 too, which never saw the model's training pictures.",
    };

    public IReadOnlyList<Option> Options => [folder, clip, prompts, inception, lpips, lpipsLinear, resNet, labels, nudeNet, threshold, size, origin, second];

    /// <summary>Networks of FID and KID alone.</summary>
    public IReadOnlyList<Option> OfFid => [inception, second];

    /// <summary>Networks of LPIPS.</summary>
    public IReadOnlyList<Option> OfLpips => [lpips, lpipsLinear];

    public void AddTo(Command command)
    {
        foreach (var option in Options)
            command.Options.Add(option);
    }

    /// <exception cref="DirectoryNotFoundException">The folder of networks does not exist.</exception>
    /// <exception cref="ArgumentException">A threshold is given without a detector.</exception>
    public BackboneOptions Read(ParseResult parsed)
    {
        var known = parsed.GetValue(folder) is { } named ? BackboneOptions.FromFolder(named.FullName) : new BackboneOptions();
        var options = new BackboneOptions
        {
            Clip = parsed.GetValue(clip)?.FullName ?? known.Clip,
            Prompts = parsed.GetValue(prompts)?.FullName ?? known.Prompts,
            Inception = parsed.GetValue(inception)?.FullName ?? known.Inception,
            Lpips = parsed.GetValue(lpips)?.FullName ?? known.Lpips,

            // The folder's linear layers belong to the folder's network.
            LpipsLinear = parsed.GetValue(lpipsLinear)?.FullName ?? (parsed.GetValue(lpips) is null ? known.LpipsLinear : null),
            ResNet = parsed.GetValue(resNet)?.FullName ?? known.ResNet,
            ImageNetLabels = parsed.GetValue(labels)?.FullName ?? known.ImageNetLabels,
            NudeNet = parsed.GetValue(nudeNet)?.FullName ?? known.NudeNet,
            NudeNetThreshold = parsed.GetValue(threshold),
            NudeNetSize = parsed.GetValue(size),
            ClipOrigin = parsed.GetValue(origin),
            SecondJudge = parsed.GetValue(second),
        };
        return options.NudeNet is null && parsed.GetResult(threshold) is { Implicit: false }
            ? throw new ArgumentException($"{threshold.Name} has no effect without {nudeNet.Name}.", nameof(parsed))
            : options;
    }

    /// <summary>Returns a line for each network that was supplied.</summary>
    public static IEnumerable<string> Describe(IReadOnlyList<BackboneUse> uses) => uses.Select(use =>
        $"{use.Measures} by {use.Network}{(use.Threshold is { } from ? $" from {from}" : "")}, SHA-256 {use.Digest}");

    private static Option<FileInfo?> File(string name, string description) => new(name) { Description = description };
}
