using System.CommandLine;
using System.Globalization;
using SafetyPortal.Cli.Output;
using SafetyPortal.Diffusion;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Methods;
using SafetyPortal.Requests;
using SafetyPortal.Worker.Running;

namespace SafetyPortal.Cli.Commands;

/// <summary><c>portal erase</c>: turns scores into a patch file.</summary>
internal static class EraseCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var json = CommonOptions.Json();
        var scores = new Option<FileInfo>("--scores", "-s") { Description = "File that portal attribute wrote.", Required = true };
        var ratio = new Option<double>("--ratio", "-r") { Description = "Dose: the fraction of weights to ablate, above 0 and at most 1.", Required = true };
        var scope = new Option<Erasure.Ablation.AblationScope>("--scope") { Description = "Take the fraction per row, tensor or model.", DefaultValueFactory = _ => Erasure.Ablation.AblationScope.Tensor };
        var mode = new Option<AblationMode>("--mode") { Description = "positive erases; negative and both are for study.", DefaultValueFactory = _ => AblationMode.Positive };
        var fill = new Option<AblationFill>("--fill") { Description = "zero, or noise that hides which weights held the concept.", DefaultValueFactory = _ => AblationFill.Zero };
        var method = MethodOption.Create(EraseMethod.Cad);
        var keep = new Option<string[]>("--keep") { Description = "Prompt whose images should stay, for the improved method; may be repeated." };
        var seed = CommonOptions.Seed();
        var device = CommonOptions.Device();
        var threads = CommonOptions.Threads();
        var output = new Option<FileInfo>("--out", "-o") { Description = "Patch file (safetensors).", DefaultValueFactory = _ => new FileInfo("patch.safetensors") };
        var command = new Command("erase", "Make a patch that ablates the highest scores.") { model, scores, method, keep, ratio, scope, mode, fill, seed, output, device, threads, json };
        command.Validators.Add(result =>
        {
            var improved = result.GetValue(method) == EraseMethod.Improved;
            if (improved && (result.GetValue(keep) ?? []).Length == 0) result.AddError("The improved method needs prompts that should stay: give --keep.");
            if (improved && (result.GetValue(mode) != AblationMode.Positive || result.GetValue(fill) != AblationFill.Zero))
                result.AddError("The improved method finds its own values; --mode and --fill belong to cad.");
        });
        command.SetGuardedAction(json, (parsed, cancellation) =>
        {
            TorchThreads.Set(parsed.GetValue(threads));
            var settings = new AblationSettings(
                parsed.GetValue(ratio), parsed.GetValue(scope), parsed.GetValue(mode), parsed.GetValue(fill), NoiseSeed: parsed.GetValue(seed));
            using var attribution = AttributionResult.Load(parsed.GetValue(scores)!.FullName);
            using var pipeline = ModelLoading.Pipeline(parsed.GetValue(model)!, parsed.GetValue(device)!);
            var mask = MaskSelection.From(attribution.Scores, settings);
            if (mask.Count == 0)
                throw new InvalidDataException($"A ratio of {settings.Ratio} takes no weight at all within a {settings.Scope}; choose a larger one.");
            var notes = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["method"] = parsed.GetValue(method).Describe(),
                ["prompts"] = string.Join(" | ", attribution.Summary.Settings.Prompts.Select(p => p.Concept)),
                ["dose"] = settings.Ratio.ToString(CultureInfo.InvariantCulture),
                ["scope"] = settings.Scope.ToString().ToLowerInvariant(),
                ["mode"] = settings.Mode.ToString().ToLowerInvariant(),
            };
            var patch = parsed.GetValue(method) == EraseMethod.Cad
                ? PatchBuilder.FromMask(pipeline.Unet, mask, settings, notes)
                : PatchBuilder.FromValues(pipeline.Unet, Suppress(pipeline, attribution, mask, parsed.GetValue(keep)!, parsed.GetValue(seed), cancellation), notes);
            var file = parsed.GetValue(output)!;
            patch.Save(file.FullName);
            JsonText.Print(
                parsed.GetValue(json),
                new { patch = file.FullName, dose = settings.Ratio, ablatedWeights = patch.Count, patch.BaseDigest, patch.ResultDigest },
                () => $"{patch.Count:N0} weights ablated in {patch.Tensors.Count} tensors\nbase   {patch.BaseDigest}\nresult {patch.ResultDigest}\n{file.FullName}");
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static IReadOnlyList<PatchTensor> Suppress(
        StableDiffusionPipeline pipeline, AttributionResult attribution, AblationMask mask, string[] keep, long seed, CancellationToken cancellation)
    {
        using var target = SuppressionPoints.Target(pipeline, attribution.Summary.Settings.Prompts, seed, cancellation: cancellation);
        using var stays = SuppressionPoints.Keep(pipeline, keep, seed, cancellation);
        return LearnedSuppression.Fit(pipeline.Unet, target, stays, mask, new SuppressionSettings(), cancellation: cancellation);
    }
}
