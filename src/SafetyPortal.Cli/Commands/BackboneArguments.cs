using System.CommandLine;
using SafetyPortal.Evaluation.Detection;
using SafetyPortal.Worker.Models;

namespace SafetyPortal.Cli.Commands;

/// <summary>Files of the networks that published metrics use.</summary>
internal sealed class BackboneArguments
{
    private readonly Option<FileInfo?> inception = File("--inception", "InceptionV3 for FID, as safetensors with pytorch-fid's tensor names.");
    private readonly Option<FileInfo?> lpips = File("--lpips", "AlexNet or VGG-16 for LPIPS, as safetensors with torchvision's or LPIPS's tensor names.");
    private readonly Option<FileInfo?> lpipsLinear = File("--lpips-linear", "LPIPS's linear layers, when they are a file of their own.");
    private readonly Option<FileInfo?> resNet = File("--resnet", "ResNet-50 for ImageNet, as safetensors with torchvision's tensor names; judges objects that ImageNet names.");
    private readonly Option<FileInfo?> labels = File("--imagenet-labels", "Names of ImageNet's classes: a line for each, or JSON. Default: the ten of Imagenette.");
    private readonly Option<FileInfo?> nudeNet = File("--nudenet", "NudeNet detector as ONNX; judges nudity.");

    private readonly Option<double> threshold = new("--nudenet-threshold")
    {
        Description = "Score from which a NudeNet box counts. Published counts use 0.5 to 0.75 and cannot be compared across thresholds.",
        DefaultValueFactory = _ => NudityDetector.DefaultThreshold,
    };

    public BackboneArguments() => threshold.Validators.Add(result =>
    {
        if (result.GetValueOrDefault<double>() is not (>= 0 and <= 1)) result.AddError("--nudenet-threshold must be 0 to 1.");
    });

    public void AddTo(Command command)
    {
        foreach (var option in new[] { inception, lpips, lpipsLinear, resNet, labels, nudeNet }) command.Options.Add(option);
        command.Options.Add(threshold);
    }

    public BackboneOptions Read(ParseResult parsed) => new()
    {
        Inception = parsed.GetValue(inception)?.FullName,
        Lpips = parsed.GetValue(lpips)?.FullName,
        LpipsLinear = parsed.GetValue(lpipsLinear)?.FullName,
        ResNet = parsed.GetValue(resNet)?.FullName,
        ImageNetLabels = parsed.GetValue(labels)?.FullName,
        NudeNet = parsed.GetValue(nudeNet)?.FullName,
        NudeNetThreshold = parsed.GetValue(threshold),
    };

    private static Option<FileInfo?> File(string name, string description) => new(name) { Description = description };
}
