using SafetyPortal.Evaluation.Detection;

namespace SafetyPortal.Worker.Models;

/// <summary>
/// Files of the published metrics' networks, which cannot be distributed with the portal: safetensors, and ONNX for the nudity detector.
/// Null leaves a metric to what the model folder holds.
/// </summary>
public sealed class BackboneOptions
{
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
}
