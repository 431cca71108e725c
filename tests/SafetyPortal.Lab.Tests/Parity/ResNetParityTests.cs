using SafetyPortal.Evaluation.Backbones;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>
/// ResNet-50 against the same network written with PyTorch 1.13's layers (torchvision's module names, 320 tensors), weights generated with
/// seed 7. Its float32 logits differ from its float64 logits by 4e-7 of their length.
/// </summary>
public sealed class ResNetParityTests
{
    private static readonly float[] Expected =
        [-803.578125f, -168.3544464111328f, -151.53387451171875f, -871.34326171875f, -1646.294921875f, 359.68170166015625f];

    [Fact]
    public void Logits_GeneratedWeights_AreTheReferences()
    {
        using var scope = NewDisposeScope();
        using var weights = new GeneratedWeights(ResNet50.TensorShapes, seed: 7);
        using var network = ResNet50.Load(weights);
        var pixels = tensor(Enumerable.Range(0, 3 * 64 * 64).Select(i => (i % 255 / 127.5f) - 1).ToArray(), [1, 3, 64, 64]);

        var logits = network.Logits(pixels);

        ResNet50.TensorShapes.Count.ShouldBe(320);
        logits.argmax(1).item<long>().ShouldBe(169);
        var first = logits.reshape(-1).data<float>().ToArray()[..Expected.Length];
        first.Zip(Expected, (a, e) => Math.Abs(a - e)).Max().ShouldBeLessThan(0.05f); // 5e-5 of the logits' deviation of 934
    }
}
