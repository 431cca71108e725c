using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using SafetyPortal.Diffusion;
using SafetyPortal.Evaluation;
using SafetyPortal.Images;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>08_metrics: FID, KID, Inception Score, SSIM and PSNR against pytorch-fid, torch-fidelity, pytorch-msssim and lpips; then the networks and the CLIP score.</summary>
internal static partial class MetricsParity
{
    private const double FidTolerance = 1e-6;
    private const double DeficientFidTolerance = 1e-4;
    private const double DeficientRootTolerance = 1e-2;
    private const double KidTolerance = 1e-5;
    private const double ScoreTolerance = 1e-5;
    private const double PictureTolerance = 1e-5;

    public static void Check(GoldenSet set, ItemChecks checks)
    {
        using var scope = NewDisposeScope();
        using var golden = set.Tensors("08_metrics");
        var metrics = set.Json("08_metrics", "metrics.json");
        CheckFid(metrics, golden, checks);
        CheckKid(metrics, golden, checks);
        CheckInceptionScore(metrics, golden, checks);
        CheckPictures(metrics, golden, checks);
        BackboneParity.Check(metrics, golden, checks);
        ClipScoreParity.Check(metrics, set, golden, checks);
        checks.Unchecked(golden.Unread);
    }

    // Tensors PREFIX.features_1 and _2 belong to the numbers whose key begins with PREFIX.
    private static void CheckFid(JsonElement metrics, GoldenTensors golden, ItemChecks checks)
    {
        foreach (var prefix in golden.Before(".features_1").Where(p => golden.Has($"{p}.features_2")))
        {
            var entry = metrics.EnumerateObject().FirstOrDefault(m => m.Name == prefix || m.Name.StartsWith(prefix + "_", StringComparison.Ordinal));
            if (entry.Value.ValueKind != JsonValueKind.Object)
            {
                checks.Absent($"numbers for {prefix}");
                continue;
            }

            var (first, second) = (Rows(golden, $"{prefix}.features_1"), Rows(golden, $"{prefix}.features_2"));
            var fid = Fid.Distance(first, second);
            // With no more images than features the reference's matrix root is noisy; the exact value is the measure then.
            var deficient = Math.Min(first.Count, second.Count) <= first.Dimension;
            if (entry.Value.TryGetProperty("exact_nuclear", out var exact))
                checks.Number($"{entry.Name}.exact_nuclear", fid, PythonJson.AsDouble(exact), deficient ? DeficientFidTolerance : FidTolerance);
            if (entry.Value.TryGetProperty("pytorch_fid", out var reference))
                checks.Number($"{entry.Name}.pytorch_fid", fid, PythonJson.AsDouble(reference), deficient ? DeficientRootTolerance : FidTolerance);
            if (entry.Value.TryGetProperty("self", out _))
                checks.Absolute($"{entry.Name}.self", Fid.Distance(first, first), 0, FidTolerance);
        }
    }

    private static void CheckKid(JsonElement metrics, GoldenTensors golden, ItemChecks checks)
    {
        if (!metrics.TryGetProperty("kid", out var kid) || Source(kid, "X", golden) is not { } first || Source(kid, "Y", golden) is not { } second)
        {
            checks.Absent("KID");
            return;
        }

        var (x, y) = (first.All.Take(first.Count), second.All.Take(second.Count));

        if (kid.TryGetProperty("mmd2_unbiased", out var unbiased))
            checks.Number("kid.mmd2_unbiased", Kid.SquaredMmd(x, y), PythonJson.AsDouble(unbiased), KidTolerance);
        if (kid.TryGetProperty("mmd2_biased", out var biased))
            checks.Number("kid.mmd2_biased", Kid.SquaredMmd(x, y, unbiased: false), PythonJson.AsDouble(biased), KidTolerance);
        if (kid.TryGetProperty("mmd2_u_statistic", out var paired) && x.Count == y.Count)
            checks.Number("kid.mmd2_u_statistic", new PairedFeatures(x, y).KernelDistance(seed: 0).Value, PythonJson.AsDouble(paired), KidTolerance);
        var subsets = kid.EnumerateObject().FirstOrDefault(p => p.Name.StartsWith("subsets", StringComparison.Ordinal));
        if (subsets.Value.ValueKind != JsonValueKind.Object || !golden.Has("kid.subset_idx_1") || !golden.Has("kid.subset_idx_2"))
        {
            checks.Absent("KID over subsets");
            return;
        }

        var result = Kid.OverSubsets(first.All, second.All, Indices(golden, "kid.subset_idx_1"), Indices(golden, "kid.subset_idx_2"));
        checks.Number($"kid.{subsets.Name} mean", result.Mean, PythonJson.AsDouble(subsets.Value.GetProperty("kernel_inception_distance_mean")), KidTolerance);
        checks.Number($"kid.{subsets.Name} std", result.StandardDeviation, PythonJson.AsDouble(subsets.Value.GetProperty("kernel_inception_distance_std")), KidTolerance);
    }

    private static void CheckInceptionScore(JsonElement metrics, GoldenTensors golden, ItemChecks checks)
    {
        if (!metrics.TryGetProperty("inception_score", out var score) || !golden.Has("isc.logits"))
        {
            checks.Absent("Inception Score");
            return;
        }

        var result = InceptionScore.FromLogits(Rows(golden, "isc.logits"), score.GetProperty("splits").GetInt32());
        checks.Number("inception_score mean", result.Mean, PythonJson.AsDouble(score.GetProperty("inception_score_mean")), ScoreTolerance);
        checks.Number("inception_score std", result.StandardDeviation, PythonJson.AsDouble(score.GetProperty("inception_score_std")), ScoreTolerance);
    }

    private static void CheckPictures(JsonElement metrics, GoldenTensors golden, ItemChecks checks)
    {
        if (!golden.Has("pairs.a_u8") || !golden.Has("pairs.b_u8"))
        {
            checks.Absent("SSIM and PSNR");
            return;
        }

        var (a, b) = (Pictures(golden.Read("pairs.a_u8")), Pictures(golden.Read("pairs.b_u8")));
        void Each(string name, JsonElement expected, Func<Raster, Raster, double> compare)
        {
            foreach (var (value, i) in expected.EnumerateArray().Select((v, i) => (PythonJson.AsDouble(v), i)))
                checks.Number($"{name} pair {i}", compare(a[i], b[i]), value, PictureTolerance);
        }

        if (metrics.TryGetProperty("ssim", out var ssim) && ssim.TryGetProperty("float64", out var similarities))
            Each("ssim", similarities, Ssim.Compare);
        if (metrics.TryGetProperty("psnr", out var psnr) && psnr.TryGetProperty("values", out var ratios))
            Each("psnr", ratios, Psnr.Compare);
        if (metrics.TryGetProperty("mse_255", out var errors))
            Each("mse", errors, Psnr.MeanSquaredError);
    }

    /// <summary>Pictures of a uint8 tensor [B, 3, H, W].</summary>
    internal static List<Raster> Pictures(Tensor pixels)
    {
        var (height, width) = ((int)pixels.size(2), (int)pixels.size(3));
        return [.. Enumerable.Range(0, (int)pixels.size(0)).Select(i => new Raster(width, height, 3, pixels[i].permute(1, 2, 0).contiguous().data<byte>().ToArray()))];
    }

    // "first 200 rows of fid64.features_1": the whole-set numbers use those rows, the subsets are drawn from all.
    private static (Features All, int Count)? Source(JsonElement kid, string side, GoldenTensors golden)
    {
        if (!kid.TryGetProperty(side, out var text) || RowsOf().Match(text.GetString() ?? "") is not { Success: true } match || !golden.Has(match.Groups["name"].Value))
            return null;
        return (Rows(golden, match.Groups["name"].Value), int.Parse(match.Groups["count"].Value, CultureInfo.InvariantCulture));
    }

    private static Features Rows(GoldenTensors golden, string name)
    {
        var rows = golden.Read(name);
        return new(rows.to(ScalarType.Float32).data<float>().ToArray(), (int)rows.size(1));
    }

    private static List<int[]> Indices(GoldenTensors golden, string name)
    {
        var subsets = golden.Read(name).to(ScalarType.Int64);
        return [.. Enumerable.Range(0, (int)subsets.size(0)).Select(i => subsets[i].contiguous().data<long>().ToArray().Select(k => (int)k).ToArray())];
    }

    [GeneratedRegex(@"first (?<count>\d+) rows of (?<name>\S+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RowsOf();
}
