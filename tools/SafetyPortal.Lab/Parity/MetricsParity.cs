using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using SafetyPortal.Diffusion;
using SafetyPortal.Evaluation;
using SafetyPortal.Images;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>
/// 08_metrics: FID, KID, Inception Score, SSIM and PSNR against pytorch-fid, torch-fidelity, pytorch-msssim and lpips; then the networks and the
/// CLIP score.
/// </summary>
internal static partial class MetricsParity
{
    private const double FidTolerance = 1e-6;
    private const double DeficientFidTolerance = 1e-4;
    private const double DeficientRootTolerance = 1e-2;
    private const double KidTolerance = 1e-5;
    private const double ScoreTolerance = 1e-5;
    private const double PictureTolerance = 1e-5;

    public static void Check(GoldenItem item)
    {
        using var scope = NewDisposeScope();
        var metrics = item.Json("metrics.json");
        CheckFid(metrics, item);
        CheckKid(metrics, item);
        CheckInceptionScore(metrics, item);
        CheckPictures(metrics, item);
        BackboneParity.Check(metrics, item);
        ClipScoreParity.Check(metrics, item);
    }

    /// <summary>Returns the pictures of a uint8 tensor [B, 3, H, W].</summary>
    internal static List<Raster> Pictures(Tensor pixels)
    {
        var (height, width) = ((int)pixels.size(2), (int)pixels.size(3));
        var bytes = pixels.permute(0, 2, 3, 1).contiguous().data<byte>().ToArray();
        return [.. bytes.Chunk(height * width * 3).Select(picture => new Raster(width, height, 3, picture))];
    }

    // Tensors PREFIX.features_1 and _2 belong to the numbers whose key begins with PREFIX.
    private static void CheckFid(JsonElement metrics, GoldenItem item)
    {
        foreach (var prefix in item.Before(".features_1").Where(p => item.Has($"{p}.features_2")))
        {
            var entry = metrics.EnumerateObject().FirstOrDefault(m => m.Name == prefix || m.Name.StartsWith(prefix + "_", StringComparison.Ordinal));
            if (entry.Value.ValueKind != JsonValueKind.Object)
            {
                item.Absent($"numbers for {prefix}");
                continue;
            }

            var (first, second) = (Rows(item, $"{prefix}.features_1"), Rows(item, $"{prefix}.features_2"));
            var fid = Fid.Distance(first, second);
            // With no more images than features the reference's matrix root is noisy; the exact value is the measure then.
            var deficient = Math.Min(first.Count, second.Count) <= first.Dimension;
            item.IfAny(entry.Value, "exact_nuclear", $"{entry.Name}.exact_nuclear", () => fid, item.Number, deficient ? DeficientFidTolerance : FidTolerance);
            item.IfAny(entry.Value, "pytorch_fid", $"{entry.Name}.pytorch_fid", () => fid, item.Number, deficient ? DeficientRootTolerance : FidTolerance);
            if (entry.Value.TryGetProperty("self", out _))
                item.Absolute($"{entry.Name}.self", Fid.Distance(first, first), 0, FidTolerance);
        }
    }

    private static void CheckKid(JsonElement metrics, GoldenItem item)
    {
        if (!metrics.TryGetProperty("kid", out var kid) || Source(kid, "X", item) is not { } first || Source(kid, "Y", item) is not { } second)
        {
            item.Absent("KID");
            return;
        }

        var (x, y) = (first.All.Take(first.Count), second.All.Take(second.Count));
        Compare("mmd2_unbiased", () => Kid.SquaredMmd(x, y));
        Compare("mmd2_biased", () => Kid.SquaredMmd(x, y, unbiased: false));
        if (x.Count == y.Count)
            Compare("mmd2_u_statistic", () => new PairedFeatures(x, y).KernelDistance(seed: 0).Value);
        var subsets = kid.EnumerateObject().FirstOrDefault(p => p.Name.StartsWith("subsets", StringComparison.Ordinal));
        if (subsets.Value.ValueKind != JsonValueKind.Object || !item.Has("kid.subset_idx_1", "kid.subset_idx_2"))
        {
            item.Absent("KID over subsets");
            return;
        }

        var result = Kid.OverSubsets(first.All, second.All, Indices(item, "kid.subset_idx_1"), Indices(item, "kid.subset_idx_2"));
        Required(item, subsets.Value, "kernel_inception_distance_mean", $"kid.{subsets.Name} mean", result.Mean, KidTolerance);
        Required(item, subsets.Value, "kernel_inception_distance_std", $"kid.{subsets.Name} std", result.StandardDeviation, KidTolerance);

        void Compare(string key, Func<double> actual) => item.IfAny(kid, key, $"kid.{key}", actual, item.Number, KidTolerance);
    }

    private static void CheckInceptionScore(JsonElement metrics, GoldenItem item)
    {
        if (!metrics.TryGetProperty("inception_score", out var score) || !item.Has("isc.logits"))
        {
            item.Absent("Inception Score");
            return;
        }

        var result = InceptionScore.FromLogits(Rows(item, "isc.logits"), score.GetProperty("splits").GetInt32());
        Required(item, score, "inception_score_mean", "inception_score mean", result.Mean, ScoreTolerance);
        Required(item, score, "inception_score_std", "inception_score std", result.StandardDeviation, ScoreTolerance);
    }

    private static void CheckPictures(JsonElement metrics, GoldenItem item)
    {
        if (!item.Has("pairs.a_u8", "pairs.b_u8"))
        {
            item.Absent("SSIM and PSNR");
            return;
        }

        var (a, b) = (Pictures(item.Read("pairs.a_u8")), Pictures(item.Read("pairs.b_u8")));
        if (metrics.TryGetProperty("ssim", out var ssim) && ssim.TryGetProperty("float64", out var similarities))
            Each("ssim", similarities, Ssim.Compare);
        if (metrics.TryGetProperty("psnr", out var psnr) && psnr.TryGetProperty("values", out var ratios))
            Each("psnr", ratios, Psnr.Compare);
        if (metrics.TryGetProperty("mse_255", out var errors))
            Each("mse", errors, Psnr.MeanSquaredError);

        void Each(string name, JsonElement expected, Func<Raster, Raster, double> compare)
        {
            foreach (var (value, i) in expected.EnumerateArray().Select((v, i) => (PythonJson.AsDouble(v), i)))
                item.Number($"{name} pair {i}", compare(a[i], b[i]), value, PictureTolerance);
        }
    }

    private static void Required(GoldenItem item, JsonElement owner, string key, string name, double actual, double tolerance) =>
        item.Number(name, actual, PythonJson.AsDouble(owner.GetProperty(key)), tolerance);

    // "first 200 rows of fid64.features_1": the whole-set numbers use those rows, the subsets are drawn from all.
    private static (Features All, int Count)? Source(JsonElement kid, string side, GoldenItem item)
    {
        if (!kid.TryGetProperty(side, out var text) || RowsOf().Match(text.GetString() ?? "") is not { Success: true } match
            || !item.Has(match.Groups["name"].Value))
            return null;
        return (Rows(item, match.Groups["name"].Value), int.Parse(match.Groups["count"].Value, CultureInfo.InvariantCulture));
    }

    private static Features Rows(GoldenItem item, string name)
    {
        var rows = item.Read(name);
        return new(rows.to(ScalarType.Float32).data<float>().ToArray(), (int)rows.size(1));
    }

    private static List<int[]> Indices(GoldenItem item, string name)
    {
        var subsets = item.Read(name);
        return [.. subsets.to(ScalarType.Int32).data<int>().ToArray().Chunk((int)subsets.size(1))];
    }

    [GeneratedRegex(@"first (?<count>\d+) rows of (?<name>\S+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RowsOf();
}
