using System.Text.Json;
using SafetyPortal.Diffusion.Checkpoints;
using SafetyPortal.Diffusion.Clip;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Diffusion.Vae;
using SafetyPortal.Evaluation.Backbones;

namespace SafetyPortal.Lab.Parity;

/// <summary>09_shapes: names, shapes and order of the published models' tensors.</summary>
internal static class ShapeParity
{
    private static readonly Dictionary<string, Func<IReadOnlyList<ParameterShape>>> Models = new(StringComparer.Ordinal)
    {
        ["sd14_unet"] = () => UNet2DConditionModel.ParameterShapes(UNetConfig.Sd14),
        ["sd14_unet_ff_2d_in_order"] = () => [.. UNet2DConditionModel.ParameterShapes(UNetConfig.Sd14).Where(p => p.Shape.Count == 2 && p.Name.Contains("ff", StringComparison.Ordinal))],
        ["sd1_vae_new_names"] = () => AutoencoderKL.ParameterShapes(VaeConfig.Sd1),
        ["sd1_vae_old_names"] = () => AutoencoderKL.ParameterShapes(VaeConfig.Sd1),
        ["clip_vit_l14_text_encoder"] = () => ClipTextModel.ParameterShapes(ClipTextConfig.Sd14),
        ["clip_vit_l14_text_encoder_as_in_sd14_file"] = () => ClipTextModel.ParameterShapes(ClipTextConfig.Sd14),
        ["clip_vit_b32_hf_names"] = () => ClipModel.ParameterShapes(ClipConfig.VitB32),
        ["clip_vit_l14_full_hf_names"] = () => ClipModel.ParameterShapes(ClipConfig.VitL14),
        ["clip_vit_b32_openai_names"] = () => OpenAiClip.ParameterShapes(ClipConfig.VitB32),
        ["inception_v3_fid"] = () => InceptionV3.TensorShapes,
        ["torchvision_alexnet"] = () => Lpips.TorchvisionAlexNetShapes,
    };

    public static void Check(GoldenSet set, ItemChecks checks)
    {
        foreach (var path in Directory.EnumerateFiles(set.At("09_shapes"), "*.json").Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileNameWithoutExtension(path);
            if (name == "summary")
                CheckSummary(set.Json("09_shapes", "summary.json"), checks);
            else if (Models.TryGetValue(name, out var model))
                CheckModel(name, model(), Read(set.Json("09_shapes", Path.GetFileName(path))), checks);
            else
                checks.Unchecked([name]);
        }
    }

    private static void CheckModel(string name, IReadOnlyList<ParameterShape> model, List<ParameterShape> published, ItemChecks checks)
    {
        // A constant, not a weight; published files hold it and loaders skip it.
        published.RemoveAll(p => p.Name.EndsWith("embeddings.position_ids", StringComparison.Ordinal));
        if (name.EndsWith("old_names", StringComparison.Ordinal))
        {
            // Old files are read by renaming, so the order is the file's own.
            checks.Exact(name, Sorted(model), Sorted([.. published.Select(p => p with { Name = AutoencoderKL.ModernName(p.Name) })]));
            return;
        }

        checks.Exact(name, [.. model.Select(p => p.ToString())], [.. published.Select(p => p.ToString())]);
    }

    private static void CheckSummary(JsonElement summary, ItemChecks checks)
    {
        foreach (var entry in summary.EnumerateObject().Where(e => Models.ContainsKey(e.Name) && !e.Name.EndsWith("as_in_sd14_file", StringComparison.Ordinal)))
        {
            var model = Models[entry.Name]();
            checks.Add($"{entry.Name} tensors", Math.Abs(model.Count - entry.Value.GetProperty("n_tensors").GetInt64()), 0);
            checks.Add($"{entry.Name} elements", Math.Abs(model.Sum(p => p.Shape.Aggregate(1L, (n, d) => n * d)) - entry.Value.GetProperty("n_elements").GetInt64()), 0);
        }
    }

    private static string[] Sorted(IReadOnlyList<ParameterShape> shapes) => [.. shapes.Select(s => s.ToString()).Order(StringComparer.Ordinal)];

    private static List<ParameterShape> Read(JsonElement shapes)
        => [.. shapes.EnumerateObject().Select(p => new ParameterShape(p.Name, [.. p.Value.EnumerateArray().Select(d => d.GetInt64())]))];
}
