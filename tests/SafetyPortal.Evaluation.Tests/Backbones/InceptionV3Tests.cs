using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Safetensors;
using static TorchSharp.torch;

namespace SafetyPortal.Evaluation.Backbones;

/// <summary>
/// Names, shapes and refusals; features are compared with pytorch-fid by the parity command on 08_metrics.
/// </summary>
public sealed class InceptionV3Tests
{
    [Fact]
    public void TensorShapes_WithoutCounters_AddUpToThePublishedParameters()
    {
        // pytorch-fid's network: 566 entries, 23,885,392 numbers besides the 94 counters (tests/goldens/09_shapes/summary.json).
        InceptionV3.TensorShapes.Count.ShouldBe(566);
        InceptionV3.TensorShapes.Where(t => t.Shape.Count > 0).Sum(t => t.Shape.Aggregate(1L, (n, d) => n * d)).ShouldBe(23_885_392);
    }

    [Fact]
    public void Load_OtherWeights_NamesWhatIsMissingAndUnexpected()
    {
        using var scope = NewDisposeScope();
        var path = Path.Combine(Path.GetTempPath(), $"inception-{Guid.NewGuid():N}.safetensors");
        try
        {
            SafetensorsWriter.Write(
                path,
                [("AuxLogits.fc.bias", zeros(3)), ("Conv2d_1a_3x3.conv.weight", zeros(32, 3, 5, 5))],
                new Dictionary<string, string>(StringComparer.Ordinal));
            var message = Should.Throw<ModelFormatException>(() => InceptionV3.Load(path)).Message;

            message.ShouldContain("not the weights of InceptionV3 for FID");
            message.ShouldContain("471 missing: Conv2d_1a_3x3.bn.weight [32]");
            message.ShouldContain("1 unexpected: AuxLogits.fc.bias [3]");
            message.ShouldContain("Conv2d_1a_3x3.conv.weight expected [32, 3, 3, 3], got [32, 3, 5, 5]");
        }
        finally
        {
            File.Delete(path);
        }
    }
}
