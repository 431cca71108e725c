using System.Text.Json;
using System.Text.Json.Nodes;
using SafetyPortal.Diffusion;
using SafetyPortal.Lab.DemoWorld.World;
using static TorchSharp.torch;

namespace SafetyPortal.Lab.DemoWorld.Stages;

/// <summary>Writes the trained networks as a diffusers folder in half precision, with CLIP, the judge and the evaluation prompts.</summary>
public static class ExportStage
{
    private const ScalarType Stored = ScalarType.Float16;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <param name="context">Work folder with every stage's checkpoint.</param>
    /// <param name="directory">Created; files of the same names are replaced.</param>
    public static void Write(StageContext context, string directory)
    {
        Directory.CreateDirectory(directory);
        CopyTokenizer(context, Path.Combine(directory, "tokenizer"));
        using (var clip = ClipStage.Load(context))
        using (var text = ClipStage.TextTower(clip))
        {
            text.Save(Path.Combine(directory, "text_encoder"), Stored);
            clip.Save(Path.Combine(directory, "clip"), Stored);
            CopyTokenizer(context, Path.Combine(directory, "clip"));
            File.WriteAllText(Path.Combine(directory, "clip", "preprocessor_config.json"), Preprocessor().ToJsonString(Indented) + "\n");
        }

        using (var unet = UnetStage.Load(context))
            unet.Save(Path.Combine(directory, "unet"), Stored);
        using (var vae = DecoderStage.LoadBest(context, LatentSet.ScalingFactorOf(context.WorkDirectory)))
            vae.Save(Path.Combine(directory, "vae"), Stored);
        using (var judge = JudgeStage.Load(context))
            judge.Save(Path.Combine(directory, "judge"), Stored);
        UnetStage.Schedule.Save(Path.Combine(directory, "scheduler"));
        new ModelIndex(ModelIndex.StableDiffusion, UnetStage.Schedule.ClassName).Write(directory);
        EvaluationPrompts.Write(Path.Combine(directory, "prompts"));
    }

    private static void CopyTokenizer(StageContext context, string target)
    {
        Directory.CreateDirectory(target);
        foreach (var file in Directory.EnumerateFiles(context.TokenizerDirectory))
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)), overwrite: true);
    }

    private static JsonObject Preprocessor() => new()
    {
        ["do_center_crop"] = true,
        ["do_normalize"] = true,
        ["do_resize"] = true,
        ["crop_size"] = SceneRenderer.Side,
        ["size"] = SceneRenderer.Side,
        ["resample"] = 3,
        ["feature_extractor_type"] = "CLIPFeatureExtractor",
        ["image_mean"] = new JsonArray(0.48145466, 0.4578275, 0.40821073),
        ["image_std"] = new JsonArray(0.26862954, 0.26130258, 0.27577711),
    };
}
