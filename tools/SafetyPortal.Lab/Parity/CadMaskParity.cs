using System.Globalization;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.Parity;

/// <summary>
/// The masks of 07_cad: exact from the given gradients, nearly so from our own, and what the network predicts without the
/// weights they take.
/// </summary>
internal static class CadMaskParity
{
    private const double OwnGradientTolerance = 0.005;
    private const double EpsTolerance = 1e-4;

    /// <summary>Masks that the folder's own gradients must give exactly; kinds whose gradients it lacks are left to <see cref="CheckOwnGradients"/>.</summary>
    public static void CheckGivenGradients(string kind, UNet2DConditionModel unet, GoldenSet set, GoldenTensors golden, ItemChecks checks)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var layout = MaskLayout.Read(set);
        if (layout.Names.Any(name => !golden.Has($"{kind}.grad.{name}")))
            return;
        var weights = unet.named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        List<(string Name, Tensor Score)> scores = [.. layout.Names.Select(name => (name, weights[name].detach() * golden.Read($"{kind}.grad.{name}")))];
        foreach (var key in Keys(kind, golden))
        {
            var mask = MaskSelection.From(scores, Settings(key));
            checks.Exact($"mask.{key}", layout.Flat(mask), layout.Unpack(golden.Read($"mask.{key}")));
            CheckCounts(key, mask, set, checks);
        }
    }

    /// <summary>Masks from gradients of our own; close scores may change places, so a small share of the set may differ.</summary>
    public static void CheckOwnGradients(string kind, ParameterGradients gradients, GoldenSet set, GoldenTensors golden, ItemChecks checks)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var layout = MaskLayout.Read(set);
        List<(string Name, Tensor Score)> scores = [.. layout.Names.Select(name => (name, gradients.Parameter(name).detach() * gradients[name]))];
        foreach (var key in Keys(kind, golden))
        {
            var ours = layout.Flat(MaskSelection.From(scores, Settings(key)));
            var expected = layout.Unpack(golden.Read($"mask.{key}"));
            var differing = ours.Zip(expected, (a, b) => a != b).Count(d => d);
            var size = Math.Max(1, expected.Count(b => b));
            // A swap of two entries shows twice.
            checks.Add($"mask.{key} from own gradients", differing / 2.0 / size, OwnGradientTolerance);
        }
    }

    /// <summary>The prediction with a mask's weights set to zero.</summary>
    public static void CheckAblatedPredictions(UNet2DConditionModel unet, GoldenSet set, GoldenTensors golden, ItemChecks checks)
    {
        if (!golden.Has("ablate.sample"))
        {
            checks.Absent("ablated predictions");
            return;
        }

        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var layout = MaskLayout.Read(set);
        var (sample, timestep, text) = (golden.Read("ablate.sample"), golden.Read("ablate.timestep"), golden.Read("erase.text_embeddings").narrow(0, 0, 1));
        if (golden.Has("ablate.eps_unablated"))
            checks.Largest("ablate.eps_unablated", unet.call(sample, timestep, text), golden.Read("ablate.eps_unablated"), EpsTolerance);
        foreach (var key in golden.After("ablated_eps.").Where(key => golden.Has($"mask.{key}")))
        {
            using var step = NewDisposeScope();
            var patch = PatchBuilder.FromMask(unet, layout.ToMask(layout.Unpack(golden.Read($"mask.{key}"))), Settings(key));
            using var applied = AppliedPatch.Apply(unet, patch);
            checks.Largest($"ablated_eps.{key}", unet.call(sample, timestep, text), golden.Read($"ablated_eps.{key}"), EpsTolerance);
        }
    }

    private static void CheckCounts(string key, AblationMask mask, GoldenSet set, ItemChecks checks)
    {
        var facts = set.Json("07_cad", "ablation.json");
        if (facts.TryGetProperty("counts", out var counts) && counts.TryGetProperty(key, out var count))
        {
            checks.Add($"{key} total", Math.Abs(mask.Count - count.GetProperty("total_ablated").GetInt64()), 0);
            var each = count.GetProperty("per_param");
            checks.Exact($"{key} per tensor", [.. mask.Tensors.Select(t => (long)t.Indices.Length)], [.. mask.Tensors.Select(t => each.GetProperty(t.Name).GetInt64())]);
        }

        if (!facts.TryGetProperty("example_flat_indices", out var examples) || !examples.TryGetProperty(key, out var example))
            return;
        foreach (var tensor in example.EnumerateObject())
            checks.Exact($"{key} indices of {tensor.Name}", mask.Tensors.First(t => t.Name == tensor.Name).Indices, [.. tensor.Value.EnumerateArray().Select(i => i.GetInt64())]);
    }

    // erase.positive.row.0.01
    private static List<string> Keys(string kind, GoldenTensors golden) => [.. golden.After("mask.").Where(k => k.StartsWith(kind + ".", StringComparison.Ordinal))];

    private static AblationSettings Settings(string key)
    {
        var parts = key.Split('.', 4);
        return new(
            double.Parse(parts[3], CultureInfo.InvariantCulture),
            parts[2] == "row" ? AblationScope.Row : AblationScope.Tensor,
            parts[1] switch { "positive" => AblationMode.Positive, "negative" => AblationMode.Negative, _ => AblationMode.Both });
    }
}
