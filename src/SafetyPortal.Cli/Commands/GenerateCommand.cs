using System.CommandLine;
using SafetyPortal.Cli.Output;
using SafetyPortal.Diffusion;
using SafetyPortal.Images;
using SafetyPortal.Trials;

namespace SafetyPortal.Cli.Commands;

/// <summary><c>portal generate</c>: images of prompts, with patches applied if any are given.</summary>
internal static class GenerateCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var json = CommonOptions.Json();
        var threads = CommonOptions.Threads();
        var seed = CommonOptions.Seed();
        var device = CommonOptions.Device();
        var dtype = CommonOptions.Dtype();
        var prompts = new Option<string[]>("--prompt", "-p") { Description = "Prompt; may be repeated.", Required = true };
        var count = CommonOptions.Number("--count", "Images per prompt, with ascending seeds.", 1);
        count.Aliases.Add("-n");
        var steps = CommonOptions.Number("--steps", "Denoising steps.", 25, most: 1000);
        var guidance = CommonOptions.Real("--guidance", "Classifier-free guidance.", 5, 0, GenerationSettings.LargestGuidance);
        var patches = new Option<FileInfo[]>("--patch") { Description = "Patch to apply first; may be repeated, they stack in order." };
        var output = new Option<DirectoryInfo>("--out", "-o") { Description = "Folder for the images.", DefaultValueFactory = _ => new DirectoryInfo(".") };
        var command = new Command("generate", "Generate images of prompts.")
        {
            model, prompts, count, seed, steps, guidance, patches, output, device, dtype, threads, json,
        };
        command.AddCheck(result =>
        {
            var images = (result.GetValue(prompts) ?? []).Length * (long)result.GetValue(count);
            if (images > GenerationSettings.LargestBatch)
                result.AddError($"Expected at most {GenerationSettings.LargestBatch} images, --prompt and --count ask for {images}.");
        });
        command.SetGuardedAction(json, async (parsed, cancellation) =>
        {
            var texts = parsed.GetValue(prompts)!;
            var copies = parsed.GetValue(count);
            var folder = parsed.GetValue(output)!;
            folder.Create();
            var settings = new GenerationSettings
            {
                Prompts = [.. texts.SelectMany(text => Enumerable.Repeat(text, copies))],
                Seeds = [.. texts.SelectMany(_ => Enumerable.Range(0, copies).Select(i => parsed.GetValue(seed) + i))],
                Steps = parsed.GetValue(steps),
                GuidanceScale = parsed.GetValue(guidance),
            };
            var files = await ProgressDisplay.RunTorch(parsed.GetValue(json), parsed.GetValue(threads), progress =>
            {
                using var pipeline = ModelLoading.Pipeline(parsed.GetValue(model)!, parsed.GetValue(device)!, parsed.GetValue(dtype)!);
                foreach (var problem in texts.Distinct(StringComparer.Ordinal).Select(pipeline.CutOffProblem).OfType<string>())
                    Failures.Warn(parsed.GetValue(json), problem);
                using var applied = ModelLoading.Apply(pipeline, parsed.GetValue(patches) ?? []);
                var images = pipeline.Generate(
                    settings, new Relay<StepProgress>(p => progress.Report(new WorkStep("generate", p.Step, p.Steps))), cancellation);
                return images.Select((image, i) => Save(folder, i, settings, image, pipeline.CutOff(settings.Prompts[i]))).ToList();
            });
            JsonText.Print(parsed.GetValue(json), new { images = files }, () => string.Join(Environment.NewLine, files.Select(f => f.Path)));
            return ExitCode.Success;
        }, _ => "No image was written.");
        return command;
    }

    private static GeneratedFile Save(DirectoryInfo folder, int index, GenerationSettings settings, Raster image, string? cutOff)
    {
        var path = Path.Combine(folder.FullName, $"image-{index:000}.png");
        File.WriteAllBytes(path, ImageCodec.EncodePng(image));
        return new GeneratedFile(path, settings.Prompts[index], settings.Seeds[index], cutOff);
    }

    /// <param name="CutOff">Words of the prompt that the model did not read; null if it read them all.</param>
    private sealed record GeneratedFile(string Path, string Prompt, long Seed, string? CutOff);
}
