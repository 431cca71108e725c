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
    private const string WithPositionIds = "clip_vit_l14_text_encoder_as_in_sd14_file";
    private const string OpenAiNames = "clip_vit_b32_openai_names";
    private const string OldVaeNames = "sd1_vae_old_names";

    private static readonly Dictionary<string, Func<IReadOnlyList<ParameterShape>>> Models = new(StringComparer.Ordinal)
    {
        ["sd14_unet"] = () => UNet2DConditionModel.ParameterShapes(UNetConfig.Sd14),
        ["sd14_unet_ff_2d_in_order"] = () =>
            [.. UNet2DConditionModel.ParameterShapes(UNetConfig.Sd14).Where(p => p.Shape.Count == 2 && p.Name.Contains("ff", StringComparison.Ordinal))],
        ["sd1_vae_new_names"] = () => AutoencoderKL.ParameterShapes(VaeConfig.Sd1),
        [OldVaeNames] = () => AutoencoderKL.ParameterShapes(VaeConfig.Sd1),
        ["clip_vit_l14_text_encoder"] = () => ClipTextModel.ParameterShapes(ClipTextConfig.Sd14),
        [WithPositionIds] = () => ClipTextModel.ParameterShapes(ClipTextConfig.Sd14),
        ["clip_vit_b32_hf_names"] = () => ClipModel.ParameterShapes(ClipConfig.VitB32),
        ["clip_vit_l14_full_hf_names"] = () => ClipModel.ParameterShapes(ClipConfig.VitL14),
        [OpenAiNames] = () => ClipModel.ParameterShapes(ClipConfig.VitB32),
        ["inception_v3_fid"] = () => InceptionV3.TensorShapes,
        ["torchvision_alexnet"] = () => Lpips.TorchvisionAlexNetShapes,
    };

    public static void Check(GoldenItem item)
    {
        foreach (var path in Directory.EnumerateFiles(item.Here(""), "*.json").Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileNameWithoutExtension(path);
            var content = item.Json(Path.GetFileName(path));
            if (name == "summary")
                CheckSummary(content, item);
            else if (Models.TryGetValue(name, out var model))
                CheckModel(name, model(), content, item);
            else
                item.Unknown(name);
        }
    }

    private static void CheckModel(string name, IReadOnlyList<ParameterShape> model, JsonElement content, GoldenItem item)
    {
        // Position ids are a constant, not a weight; published files hold it and loaders skip it.
        List<ParameterShape> published = [.. content.EnumerateObject()
            .Where(p => !p.Name.EndsWith("embeddings.position_ids", StringComparison.Ordinal))
            .Select(p => new ParameterShape(p.Name, [.. p.Value.EnumerateArray().Select(d => d.GetInt64())]))];
        // Files with other names are read by renaming, so their order is their own.
        if (name == OpenAiNames)
            CheckOpenAi(name, model, published, item);
        else if (name == OldVaeNames)
            item.Exact(name, Sorted(Text(model)), Sorted(Text(published.Select(p => p with { Name = AutoencoderKL.ModernName(p.Name) }))));
        else
            item.Exact(name, [.. Text(model)], [.. Text(published)]);
    }

    private static void CheckOpenAi(string name, IReadOnlyList<ParameterShape> model, List<ParameterShape> published, GoldenItem item)
    {
        var theirs = published.ToDictionary(p => p.Name, p => p.Shape, StringComparer.Ordinal);
        List<(string Ours, OpenAiClipNames.Place Place)> places = [.. model.Select(p => (p.Name, OpenAiClipNames.Of(p.Name)))];
        item.Exact($"{name} names", Sorted(places.Select(p => p.Place.Name).Distinct()), Sorted(theirs.Keys));
        var renamed = places.Where(p => theirs.ContainsKey(p.Place.Name)).Select(p => new ParameterShape(p.Ours, p.Place.OurShape(theirs[p.Place.Name])));
        item.Exact(name, [.. Text(model)], [.. Text(renamed)]);
    }

    private static void CheckSummary(JsonElement summary, GoldenItem item)
    {
        foreach (var entry in summary.EnumerateObject().Where(e => Models.ContainsKey(e.Name) && e.Name is not (WithPositionIds or OpenAiNames)))
        {
            var model = Models[entry.Name]();
            item.Absolute($"{entry.Name} tensors", model.Count, entry.Value.GetProperty("n_tensors").GetInt64(), 0);
            item.Absolute($"{entry.Name} elements", model.Sum(p => p.Elements), entry.Value.GetProperty("n_elements").GetInt64(), 0);
        }
    }

    private static IEnumerable<string> Text(IEnumerable<ParameterShape> shapes) => shapes.Select(s => s.ToString());

    private static List<string> Sorted(IEnumerable<string> names) => [.. names.Order(StringComparer.Ordinal)];
}
