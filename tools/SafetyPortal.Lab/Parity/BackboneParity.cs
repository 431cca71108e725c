using System.Text.Json;
using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Evaluation.Backbones;
using SafetyPortal.Evaluation.Preprocessing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>The networks of 08_metrics: InceptionV3 against pytorch-fid and LPIPS against PerceptualSimilarity, with generated weights.</summary>
internal static class BackboneParity
{
    private const double InceptionTolerance = 1e-3;
    private const double ResizeTolerance = 1e-5;
    private const double LpipsTolerance = 1e-4;
    private const double LoaderTolerance = 1e-5;
    private const double WeightTolerance = 1e-7;
    private const double WeightSumTolerance = 1e-4;

    public static void Check(JsonElement metrics, GoldenItem item)
    {
        using var frozen = no_grad();
        CheckInception(metrics, item);
        CheckLpips(metrics, item);
        CheckLoader(item);
    }

    private static void CheckInception(JsonElement metrics, GoldenItem item)
    {
        if (!metrics.TryGetProperty("inception", out var entry) || !entry.TryGetProperty("weight_seed_u64", out var seed) || !item.Has("inception.images_u8"))
        {
            item.Absent("InceptionV3");
            return;
        }

        using var weights = new GeneratedWeights(InceptionV3.TensorShapes, seed.GetUInt64());
        CheckGenerated(entry, weights, item);
        using var network = InceptionV3.Load(weights);
        var pixels = item.Read("inception.images_u8").to(ScalarType.Float32) / 255; // [B, 3, H, W]
        if (item.Has("inception.resized_item0_corner"))
        {
            var corner = item.Read("inception.resized_item0_corner");
            var resized = InceptionV3.Resize(pixels.narrow(0, 0, 1)).narrow(2, 0, corner.size(2)).narrow(3, 0, corner.size(3));
            item.Largest("inception.resized_item0_corner", resized, corner, ResizeTolerance);
        }

        var blocks = 0;
        var features = network.Features(pixels, block => Compare($"inception.block{blocks++}_mean", () => block.mean([2L, 3L])));
        Compare("inception.pool3", () => features);

        void Compare(string name, Func<Tensor> actual) => item.IfAny(name, actual, item.Relative, InceptionTolerance);
    }

    // The recipe itself: a wrong weight would show in the features, but not say where.
    private static void CheckGenerated(JsonElement entry, GeneratedWeights weights, GoldenItem item)
    {
        using var scope = NewDisposeScope();
        if (entry.TryGetProperty("check_first8_Conv2d_1a_3x3_conv_weight", out var first))
        {
            var expected = Doubles(first);
            var ours = weights.Read("Conv2d_1a_3x3.conv.weight").reshape(-1).narrow(0, 0, expected.size(0));
            item.Largest("inception generated weights", ours, expected, WeightTolerance);
        }

        item.IfAny(
            entry, "check_sum_Mixed_7c_branch_pool_conv_weight", "inception sum of generated weights",
            () => weights.Read("Mixed_7c.branch_pool.conv.weight").to(ScalarType.Float64).sum().ToDouble(), item.Number, WeightSumTolerance);
    }

    private static void CheckLpips(JsonElement metrics, GoldenItem item)
    {
        if (!metrics.TryGetProperty("lpips", out var entry) || !entry.TryGetProperty("weight_seed_u64", out var seed)
            || !item.Has("lpips.d", "pairs.a_u8", "pairs.b_u8"))
        {
            item.Absent("LPIPS");
            return;
        }

        // Convolutions are generated, the linear layers are in the file.
        List<ParameterShape> convolutions = [.. Lpips.AlexNetShapes.Where(s => s.Name.StartsWith("features.", StringComparison.Ordinal))];
        using var backbone = new GeneratedWeights(convolutions, seed.GetUInt64());
        using var linear = new PrefixedTensors(item, "lpips.", Lpips.AlexNetShapes);
        using var network = Lpips.Load([backbone, linear]);
        var layers = network.Layers(Centred(item.Read("pairs.a_u8")), Centred(item.Read("pairs.b_u8"))); // [B, 5]
        item.IfAny("lpips.per_layer", () => layers, Close, LpipsTolerance);
        var distances = item.Read("lpips.d");
        Close("lpips.d", layers.sum(1).reshape(distances.shape), distances, LpipsTolerance);
        if (entry.TryGetProperty("d", out var numbers))
            Close("lpips d", layers.sum(1), Doubles(numbers), LpipsTolerance);

        void Close(string name, Tensor actual, Tensor expected, double tolerance) => item.Close(name, actual, expected, tolerance, atol: 1e-9);
    }

    // CAD's loader for LPIPS: the shorter side made 64 by Pillow's bilinear filter, then -1..1.
    private static void CheckLoader(GoldenItem item)
    {
        if (!item.Has("lpips.cad_loader_in_u8", "lpips.cad_loader_out"))
            return;
        var expected = item.Read("lpips.cad_loader_out");
        var picture = MetricsParity.Pictures(item.Read("lpips.cad_loader_in_u8"))[0];
        var loaded = LpipsPreprocessing.ShorterSide(picture, (int)Math.Min(expected.size(-1), expected.size(-2)));
        item.Largest("lpips.cad_loader_out", loaded.reshape(expected.shape), expected, LoaderTolerance);
    }

    private static Tensor Doubles(JsonElement numbers) => tensor(numbers.EnumerateArray().Select(v => PythonJson.AsDouble(v)).ToArray());

    private static Tensor Centred(Tensor bytes) => ((bytes.to(ScalarType.Float32) / 255) - 0.5) * 2;
}
