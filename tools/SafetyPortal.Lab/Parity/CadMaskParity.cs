using System.Globalization;
using System.Text.Json;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>
/// The masks of 07_cad: exact from the recorded gradients, nearly so from our own, and what the network predicts without the weights they take.
/// <c>ablation.json</c> lists the candidate tensors in order, each with its place in a recorded mask.
/// </summary>
internal static class CadMaskParity
{
    private const double OwnGradientTolerance = 0.005;
    private const double EpsTolerance = 1e-4;

    /// <summary>Compares the masks of those tensors whose gradients the item has. Rows and tensors are ranked by themselves, so others do not matter.</summary>
    public static void CheckGivenGradients(string kind, UNet2DConditionModel unet, GoldenItem item)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var weights = unet.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        List<(string Name, Tensor Score)> scores = [.. Candidates(item).Where(name => item.Has($"{kind}.grad.{name}"))
            .Select(name => (name, weights[name].detach() * item.Read($"{kind}.grad.{name}")))];
        if (scores.Count == 0)
            return;
        foreach (var key in Keys(kind, item))
        {
            var mask = MaskSelection.From(scores, Settings(key));
            var expected = Recorded(key, item);
            foreach (var tensor in mask.Tensors)
                item.Exact($"mask.{key} {tensor.Name}", tensor.Indices, IndicesOf(tensor.Name, expected));
            CheckFacts(key, mask, item);
        }
    }

    /// <summary>Compares masks from gradients of our own. Close scores may change places, so a small share of the set may differ.</summary>
    public static void CheckOwnGradients(string kind, ParameterGradients gradients, GoldenItem item)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        List<(string Name, Tensor Score)> scores = [.. Candidates(item).Select(name => (name, gradients.Parameter(name).detach() * gradients[name]))];
        foreach (var key in Keys(kind, item))
        {
            var (ours, expected) = (MaskSelection.From(scores, Settings(key)), Recorded(key, item));
            var differing = ours.Count + expected.Count - (2 * ours.Overlap(expected).Shared);
            // A swap of two entries shows twice.
            item.Add($"mask.{key} from own gradients", differing / 2.0 / Math.Max(1, expected.Count), OwnGradientTolerance);
        }
    }

    /// <summary>Compares the predictions with the weights of each recorded mask set to zero.</summary>
    public static void CheckAblatedPredictions(UNet2DConditionModel unet, GoldenItem item)
    {
        if (!item.Has("ablate.sample"))
        {
            item.Absent("ablated predictions");
            return;
        }

        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        item.IfAny("ablate.eps_unablated", Predict, item.Largest, EpsTolerance);
        foreach (var key in item.After("ablated_eps.").Where(key => item.Has($"mask.{key}")))
        {
            using var step = NewDisposeScope();
            using var applied = AppliedPatch.Apply(unet, PatchBuilder.FromMask(unet, Recorded(key, item), Settings(key)));
            item.Largest($"ablated_eps.{key}", Predict(), EpsTolerance);
        }

        Tensor Predict() => unet.call(item.Read("ablate.sample"), item.Read("ablate.timestep"), item.Read("erase.text_embeddings").narrow(0, 0, 1));
    }

    private static void CheckFacts(string key, AblationMask mask, GoldenItem item)
    {
        var facts = item.Json("ablation.json");
        if (facts.TryGetProperty("counts", out var counts) && counts.TryGetProperty(key, out var count))
        {
            var each = count.GetProperty("per_param");
            foreach (var tensor in mask.Tensors)
                item.Absolute($"{key} count of {tensor.Name}", tensor.Indices.Length, each.GetProperty(tensor.Name).GetInt64(), 0);
            if (mask.Tensors.Count == Candidates(item).Count)
                item.IfAny(count, "total_ablated", $"{key} total", () => mask.Count, item.Absolute, 0);
        }

        if (!facts.TryGetProperty("example_flat_indices", out var examples) || !examples.TryGetProperty(key, out var example))
            return;
        foreach (var tensor in example.EnumerateObject().Where(e => mask.Tensors.Any(t => t.Name == e.Name)))
            item.Exact($"{key} indices of {tensor.Name}", IndicesOf(tensor.Name, mask), [.. tensor.Value.EnumerateArray().Select(i => i.GetInt64())]);
    }

    private static List<string> Candidates(GoldenItem item) => [.. Places(item).Select(p => p.Name)];

    private static JsonElement.ObjectEnumerator Places(GoldenItem item) => item.Json("ablation.json").GetProperty("ff_params_in_order").EnumerateObject();

    // One bit a weight over all candidates, each flattened row by row; the first bit is the most significant of the first byte.
    private static AblationMask Recorded(string key, GoldenItem item)
    {
        var bytes = item.Read($"mask.{key}").data<byte>().ToArray();
        List<TensorMask> tensors = [.. Places(item).Select(place =>
        {
            var first = place.Value[0].GetInt32();
            var empty = new TensorMask(place.Name, [.. place.Value[1].EnumerateArray().Select(d => d.GetInt64())], []);
            return empty with { Indices = [.. Enumerable.Range(0, (int)empty.Numel).Where(i => IsSet(first + i)).Select(i => (long)i)] };
        })];
        var bits = tensors.Sum(t => t.Numel);
        return bytes.Length == (bits + 7) / 8
            ? new(tensors)
            : throw new InvalidDataException($"Expected a mask of {(bits + 7) / 8} bytes for {bits} weights, found {bytes.Length}.");

        bool IsSet(int bit) => bit / 8 < bytes.Length && (bytes[bit / 8] >> (7 - (bit % 8)) & 1) == 1;
    }

    private static long[] IndicesOf(string tensor, AblationMask mask) => mask.Tensors.First(t => t.Name == tensor).Indices;

    // erase.positive.row.0.01
    private static List<string> Keys(string kind, GoldenItem item) => [.. item.After("mask.").Where(k => k.StartsWith(kind + ".", StringComparison.Ordinal))];

    private static AblationSettings Settings(string key)
    {
        var parts = key.Split('.', 4);
        return new(
            double.Parse(parts[3], CultureInfo.InvariantCulture),
            parts[2] == "row" ? AblationScope.Row : AblationScope.Tensor,
            parts[1] switch { "positive" => AblationMode.Positive, "negative" => AblationMode.Negative, _ => AblationMode.Both });
    }
}
