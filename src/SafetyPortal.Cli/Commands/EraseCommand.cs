using System.CommandLine;
using System.Globalization;
using SafetyPortal.Cli.Output;
using SafetyPortal.Diffusion;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Methods;
using static TorchSharp.torch;

namespace SafetyPortal.Cli.Commands;

/// <summary><c>portal erase</c>: turns scores into a patch file.</summary>
internal static class EraseCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var json = CommonOptions.Json();
        var scores = new Option<FileInfo>("--scores", "-s") { Description = "File that portal attribute wrote.", Required = true };
        var ratio = CommonOptions.Real("--ratio", "Dose: the fraction of weights to ablate, above 0 and at most 1.", 0, 0, 1);
        ratio.Aliases.Add("-r");
        var scope = CommonOptions.Choice("--scope", "Take the fraction per row, tensor or model.", AblationScope.Tensor);
        var mode = CommonOptions.Choice("--mode", "positive erases; negative and both are for study.", AblationMode.Positive);
        var fill = new Option<string>("--fill")
        {
            Description = "zero; scale:FACTOR leaves that part of a weight; noise[:SIGMA] hides which weights held the concept; "
                + "mean is that of the row's other weights.",
            DefaultValueFactory = _ => "zero",
        };
        var method = CommonOptions.Method(EraseMethod.Cad);
        var keep = CommonOptions.Texts("--keep", "Prompt whose images should stay, for improved and app; may be repeated.");
        var protect = new Option<FileInfo[]>("--protect") { Description = "Scores of a concept to keep, which are subtracted; may be repeated." };
        var protectWeight = CommonOptions.Real("--protect-weight", "How much concepts to keep count against the one to erase.", 1, 0, 100);
        var seed = CommonOptions.Seed();
        var device = CommonOptions.Device();
        var threads = CommonOptions.Threads();
        var output = new Option<FileInfo>("--out", "-o") { Description = "Patch file (safetensors).", DefaultValueFactory = _ => new("patch.safetensors") };
        var command = new Command("erase", "Make a patch that ablates the highest scores.")
        {
            model, scores, method, keep, protect, protectWeight, ratio, scope, mode, fill, seed, output, device, threads, json,
        };
        command.AddCheck(result =>
        {
            var chosen = result.GetValue(method);
            if (result.GetValue(ratio) == 0)
                result.AddError("Expected a --ratio above 0.");
            if (chosen == EraseMethod.Improved && (result.GetValue(keep) ?? []).Length == 0)
                result.AddError("The improved method needs prompts that should stay: give --keep.");
            if (chosen == EraseMethod.Cad)
                result.RefuseIgnored("belongs to the methods improved and app.", keep);
            else
                result.RefuseIgnored($"belongs to cad; the method {chosen.ToString().ToLowerInvariant()} finds its own values.", mode, fill);
            if (chosen == EraseMethod.Cad && !(result.GetValue(fill) ?? "").StartsWith("noise", StringComparison.OrdinalIgnoreCase))
                result.RefuseIgnored("has no effect: the method cad draws noise for --fill noise alone.", seed);
            if (chosen == EraseMethod.App)
            {
                result.RefuseIgnored(
                    "has no effect: the method app looks at activations, not at scores. Protect prompts with --keep.", protect, protectWeight, scope);
            }

            if ((result.GetValue(protect) ?? []).Length == 0)
                result.RefuseIgnored("weighs what --protect names: give --protect.", protectWeight);
        });
        command.SetGuardedAction(json, async (parsed, cancellation) =>
        {
            var file = parsed.GetValue(output)!;
            var patch = await ProgressDisplay.RunTorch(parsed.GetValue(json), parsed.GetValue(threads), progress =>
            {
                var chosen = parsed.GetValue(method);
                var kept = parsed.GetValue(keep) ?? [];
                var settings = FillText.Apply(
                    new AblationSettings(parsed.GetValue(ratio), parsed.GetValue(scope), parsed.GetValue(mode), NoiseSeed: parsed.GetValue(seed)),
                    parsed.GetValue(fill)!);
                using var pipeline = ModelLoading.Pipeline(parsed.GetValue(model)!, parsed.GetValue(device)!);
                var digest = ScoresFile.BaseOf(pipeline.Unet);
                using var attribution = ScoresFile.Load(parsed.GetValue(scores)!, pipeline.Unet, digest);
                var prompts = attribution.Summary.Settings.Prompts;
                pipeline.RequireWhole(prompts.SelectMany(p => new[] { p.Concept, p.Base }).Concat(kept));
                var notes = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["method"] = chosen.Describe(),
                    ["prompts"] = string.Join(" | ", prompts.Select(p => p.Concept)),
                    ["dose"] = settings.Ratio.ToString(CultureInfo.InvariantCulture),
                    ["scope"] = settings.Scope.ToString().ToLowerInvariant(),
                    ["mode"] = settings.Mode.ToString().ToLowerInvariant(),
                };
                if (chosen == EraseMethod.Cad)
                    notes["fill"] = FillText.Of(settings);
                if (kept.Length > 0)
                    notes["keep"] = string.Join(" | ", kept);
                var mask = chosen == EraseMethod.App
                    ? null
                    : Highest(pipeline.Unet, attribution, digest, settings, parsed.GetValue(protect) ?? [], parsed.GetValue(protectWeight), notes);
                var patch = chosen == EraseMethod.Cad
                    ? PatchBuilder.FromMask(pipeline.Unet, mask!, settings, notes)
                    : PatchBuilder.FromValues(
                        pipeline.Unet, Suppress(pipeline, prompts, kept, parsed.GetValue(seed), mask, settings.Ratio, progress, cancellation), notes);
                patch.Save(file.FullName);
                return patch;
            });
            JsonText.Print(
                parsed.GetValue(json),
                new { patch = file.FullName, dose = parsed.GetValue(ratio), ablatedWeights = patch.Count, patch.BaseDigest, patch.ResultDigest },
                () => $"{patch.Count:N0} weights ablated in {patch.Tensors.Count} tensors\n"
                    + $"base   {patch.BaseDigest}\nresult {patch.ResultDigest}\n{file.FullName}");
            return ExitCode.Success;
        }, _ => "No patch was written.");
        return command;
    }

    /// <summary>Returns the weights with the highest scores, those of concepts to keep subtracted first, and notes which.</summary>
    private static AblationMask Highest(
        UNet2DConditionModel unet,
        AttributionResult attribution,
        string? digest,
        AblationSettings settings,
        IReadOnlyList<FileInfo> protect,
        double protectWeight,
        Dictionary<string, string> notes)
    {
        using var scope = NewDisposeScope();
        var ranked = attribution.Scores;
        if (protect.Count > 0)
        {
            var kept = protect.Select(file => ScoresFile.Load(file, unet, digest)).ToList();
            ranked = ProtectedScores.Subtract(ranked, kept, protectWeight);
            notes["protect"] = string.Join(" | ", kept.SelectMany(k => k.Summary.Settings.Prompts).Select(p => p.Concept));
            notes["protect_weight"] = protectWeight.ToString(CultureInfo.InvariantCulture);
            foreach (var item in kept)
                item.Dispose();
        }

        var mask = MaskSelection.From(ranked, settings);
        return mask.Count > 0
            ? mask
            : throw new InvalidDataException($"A ratio of {settings.Ratio} takes no weight at all within a {settings.Scope}; choose a larger one.");
    }

    /// <summary>Returns the values that the improved method finds for a mask, or the method app without one.</summary>
    private static IReadOnlyList<PatchTensor> Suppress(
        StableDiffusionPipeline pipeline,
        IReadOnlyList<PromptPair> prompts,
        string[] keep,
        long seed,
        AblationMask? mask,
        double share,
        IProgress<WorkStep> progress,
        CancellationToken cancellation)
    {
        progress.Report(new WorkStep("visit latents", 0, 0));
        using var target = SuppressionPoints.Target(pipeline, prompts, seed, cancellation: cancellation);
        using var stays = keep.Length > 0 ? SuppressionPoints.Keep(pipeline, keep, seed, cancellation) : null;
        if (mask is null)
        {
            progress.Report(new WorkStep("read activations", 0, 0));
            return PosteriorSuppression.Fit(pipeline.Unet, target, stays, share, cancellation: cancellation);
        }

        var settings = new SuppressionSettings();
        return LearnedSuppression.Fit(
            pipeline.Unet, target, stays!, mask, settings, step => progress.Report(new WorkStep("suppress", step, settings.Steps)), cancellation);
    }
}
