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
            + "imagenet-labels.txt, nudenet.onnx and prompts/; the options below win over it.",
    };

    private readonly Option<FileInfo?> clip = File(
        "--clip", "CLIP for detection, CLIP score and, without --inception, features: a transformers folder, or safetensors with OpenAI's tensor names.");

    private readonly Option<FileInfo?> prompts = File("--prompts", "Evaluation set as CSV, or a folder of them, for a model without prompts/.");
    private readonly Option<FileInfo?> inception = File("--inception", "InceptionV3 for FID, as safetensors with pytorch-fid's tensor names.");
    private readonly Option<FileInfo?> lpips = File("--lpips", "AlexNet or VGG-16 for LPIPS, as safetensors with torchvision's or LPIPS's tensor names.");
    private readonly Option<FileInfo?> lpipsLinear = File("--lpips-linear", "LPIPS's linear layers, when they are a file of their own.");
    private readonly Option<FileInfo?> resNet = File(
        "--resnet", "ResNet-50 for ImageNet, as safetensors with torchvision's tensor names; judges objects that ImageNet names.");

    private readonly Option<FileInfo?> labels = File(
        "--imagenet-labels", "Names of ImageNet's classes: a line for each, or JSON. Default: the ten of Imagenette.");

    private readonly Option<FileInfo?> nudeNet = File("--nudenet", "NudeNet detector as ONNX; judges nudity.");

    private readonly Option<double> threshold = new("--nudenet-threshold")
    {
        Description = "Score from which a NudeNet box counts. Published counts use 0.5 to 0.75 and cannot be compared across thresholds.",
        DefaultValueFactory = _ => NudityDetector.DefaultThreshold,
    };

    private readonly Option<int?> size = new("--nudenet-size")
    {
        Description = "Height and width of the detector's input, where the ONNX file leaves them open: 320 for 320n, 640 for 640m.",
    };

    private readonly Option<ClipOrigin?> origin = new("--clip-origin")
    {
        Description = "Who trained the --clip file (OpenAi or OpenClip), where no open_clip_config.json is in its folder.",
    };

    private readonly Option<bool> second = new("--second-judge")
    {
        Description = "Measure FID and KID with ImageNet's ResNet-18 too, which never saw the pictures the model was made from.",
    };

    public BackboneArguments() => threshold.Validators.Add(result =>
    {
        if (result.GetValueOrDefault<double>() is not (>= 0 and <= 1)) result.AddError("--nudenet-threshold must be 0 to 1.");
    });

    public void AddTo(Command command)
    {
        command.Options.Add(folder);
        foreach (var option in new[] { clip, prompts, inception, lpips, lpipsLinear, resNet, labels, nudeNet }) command.Options.Add(option);
        command.Options.Add(threshold);
        command.Options.Add(size);
        command.Options.Add(origin);
        command.Options.Add(second);
    }

    /// <exception cref="DirectoryNotFoundException">There is no folder of networks where one was named.</exception>
    public BackboneOptions Read(ParseResult parsed)
    {
        var known = parsed.GetValue(folder) is { } named ? BackboneOptions.FromFolder(named.FullName) : new BackboneOptions();
        return new BackboneOptions
        {
            Clip = parsed.GetValue(clip)?.FullName ?? known.Clip,
            Prompts = parsed.GetValue(prompts)?.FullName ?? known.Prompts,
            Inception = parsed.GetValue(inception)?.FullName ?? known.Inception,
            Lpips = parsed.GetValue(lpips)?.FullName ?? known.Lpips,
            // Linear layers belong to the network beside them.
            LpipsLinear = parsed.GetValue(lpipsLinear)?.FullName ?? (parsed.GetValue(lpips) is null ? known.LpipsLinear : null),
            ResNet = parsed.GetValue(resNet)?.FullName ?? known.ResNet,
            ImageNetLabels = parsed.GetValue(labels)?.FullName ?? known.ImageNetLabels,
            NudeNet = parsed.GetValue(nudeNet)?.FullName ?? known.NudeNet,
            NudeNetThreshold = parsed.GetValue(threshold),
            NudeNetSize = parsed.GetValue(size),
            ClipOrigin = parsed.GetValue(origin),
            SecondJudge = parsed.GetValue(second),
        };
    }

    private static Option<FileInfo?> File(string name, string description) => new(name) { Description = description };
}
