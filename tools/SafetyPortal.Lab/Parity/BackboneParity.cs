using System.Text.Json;
using SafetyPortal.Diffusion;
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

    public static void Check(JsonElement metrics, GoldenTensors golden, ItemChecks checks)
    {
        using var frozen = no_grad();
        CheckInception(metrics, golden, checks);
        CheckLpips(metrics, golden, checks);
        CheckLoader(golden, checks);
    }

    private static void CheckInception(JsonElement metrics, GoldenTensors golden, ItemChecks checks)
    {
        if (!metrics.TryGetProperty("inception", out var entry) || !entry.TryGetProperty("weight_seed_u64", out var seed) || !golden.Has("inception.images_u8"))
        {
            checks.Absent("InceptionV3");
            return;
        }

        using var weights = new GeneratedWeights(InceptionV3.TensorShapes, seed.GetUInt64());
        CheckGenerated(entry, weights, checks);
        using var network = InceptionV3.Load(weights);
        var pixels = golden.Read("inception.images_u8").to(ScalarType.Float32) / 255; // [B, 3, H, W]
        if (golden.Has("inception.resized_item0_corner"))
        {
            var corner = golden.Read("inception.resized_item0_corner");
            var resized = InceptionV3.Resize(pixels.narrow(0, 0, 1)).narrow(2, 0, corner.size(2)).narrow(3, 0, corner.size(3));
            checks.Largest("inception.resized_item0_corner", resized, corner, ResizeTolerance);
        }

        var blocks = new List<Tensor>();
        var features = network.Features(pixels, block => blocks.Add(block.mean([2L, 3L]).DetachFromDisposeScope()));
        for (var i = 0; i < blocks.Count; i++)
        {
            using var block = blocks[i];
            if (golden.Has($"inception.block{i}_mean"))
                checks.Relative($"inception.block{i}_mean", block, golden.Read($"inception.block{i}_mean"), InceptionTolerance);
        }

        if (golden.Has("inception.pool3"))
            checks.Relative("inception.pool3", features, golden.Read("inception.pool3"), InceptionTolerance);
    }

    // The recipe itself: a wrong weight would show in the features, but not say where.
    private static void CheckGenerated(JsonElement entry, GeneratedWeights weights, ItemChecks checks)
    {
        using var scope = NewDisposeScope();
        if (entry.TryGetProperty("check_first8_Conv2d_1a_3x3_conv_weight", out var first))
        {
            double[] expected = [.. first.EnumerateArray().Select(v => PythonJson.AsDouble(v))];
            var ours = weights.Read("Conv2d_1a_3x3.conv.weight").reshape(-1).narrow(0, 0, expected.Length);
            checks.Largest("inception generated weights", ours, tensor(expected), WeightTolerance);
        }

        if (entry.TryGetProperty("check_sum_Mixed_7c_branch_pool_conv_weight", out var sum))
            checks.Number("inception sum of generated weights", weights.Read("Mixed_7c.branch_pool.conv.weight").to(ScalarType.Float64).sum().ToDouble(), PythonJson.AsDouble(sum), WeightSumTolerance);
    }

    private static void CheckLpips(JsonElement metrics, GoldenTensors golden, ItemChecks checks)
    {
        if (!metrics.TryGetProperty("lpips", out var entry) || !entry.TryGetProperty("weight_seed_u64", out var seed) || !golden.Has("lpips.d")
            || !golden.Has("pairs.a_u8") || !golden.Has("pairs.b_u8"))
        {
            checks.Absent("LPIPS");
            return;
        }

        // Convolutions are generated, the linear layers are in the file.
        using var backbone = new GeneratedWeights([.. Lpips.AlexNetShapes.Where(s => s.Name.StartsWith("features.", StringComparison.Ordinal))], seed.GetUInt64());
        using var linear = new PrefixedTensors(golden, "lpips.", Lpips.AlexNetShapes);
        using var network = Lpips.Load([backbone, linear]);
        var layers = network.Layers(Centred(golden.Read("pairs.a_u8")), Centred(golden.Read("pairs.b_u8"))); // [B, 5]
        if (golden.Has("lpips.per_layer"))
            checks.Close("lpips.per_layer", layers, golden.Read("lpips.per_layer"), LpipsTolerance, atol: 1e-9);
        var distances = golden.Read("lpips.d");
        checks.Close("lpips.d", layers.sum(1).reshape(distances.shape), distances, LpipsTolerance, atol: 1e-9);
        if (entry.TryGetProperty("d", out var numbers))
            checks.Close("lpips d", layers.sum(1), tensor(numbers.EnumerateArray().Select(v => PythonJson.AsDouble(v)).ToArray()), LpipsTolerance, atol: 1e-9);
    }

    // CAD's loader for LPIPS: the shorter side made 64 by Pillow's bilinear filter, then -1..1.
    private static void CheckLoader(GoldenTensors golden, ItemChecks checks)
    {
        if (!golden.Has("lpips.cad_loader_in_u8") || !golden.Has("lpips.cad_loader_out"))
            return;
        var expected = golden.Read("lpips.cad_loader_out");
        var picture = MetricsParity.Pictures(golden.Read("lpips.cad_loader_in_u8"))[0];
        var loaded = LpipsPreprocessing.ShorterSide(picture, (int)Math.Min(expected.size(-1), expected.size(-2)));
        checks.Largest("lpips.cad_loader_out", loaded.reshape(expected.shape), expected, LoaderTolerance);
    }

    private static Tensor Centred(Tensor bytes) => ((bytes.to(ScalarType.Float32) / 255) - 0.5) * 2;
}
