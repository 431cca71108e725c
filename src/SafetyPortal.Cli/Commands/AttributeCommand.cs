using System.CommandLine;
using SafetyPortal.Cli.Output;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Erasure.Faithfulness;
using SafetyPortal.Trials;
using SafetyPortal.Trials.Measuring;

namespace SafetyPortal.Cli.Commands;

/// <summary><c>portal attribute</c>: scores every candidate weight for a concept and writes the scores to a file.</summary>
internal static class AttributeCommand
{
    public static Command Create()
    {
        var model = CommonOptions.Model();
        var json = CommonOptions.Json();
        var threads = CommonOptions.Threads();
        var seed = CommonOptions.Seed();
        var device = CommonOptions.Device();
        var dtype = CommonOptions.Dtype();
        var prompts = new Option<string[]>("--prompt", "-p") { Description = "Prompt that shows the concept; may be repeated.", Required = true };
        var bases = new Option<string[]>("--base", "-b") { Description = "What should remain: one for all prompts, or one for each. Default: the empty one." };
        var objective = CommonOptions.Choice("--objective", "erase or amplify.", AttributionObjective.Erase);
        var sampler = CommonOptions.Choice("--sampler", "trajectory, or restart as the paper's public code does (slow).", LatentSampler.Trajectory);
        var candidates = CommonOptions.Choice("--candidates", "Which weights are scored.", CandidateSet.FeedForward);
        var seeds = CommonOptions.Number("--seeds", "Seeds whose estimates are averaged.", 4);
        var steps = CommonOptions.Number("--steps", "DDIM steps per seed.", 50, most: 1000);
        var checkpointing = new Option<bool>("--checkpointing") { Description = "Compute activations again for the gradient: less memory, a third more time." };
        var faithfulness = new Option<bool>("--faithfulness") { Description = "Also compare the scores with ablations of the model (erase objective)." };
        var heatmaps = new Option<DirectoryInfo?>("--heatmaps")
        {
            Description = "Folder for maps of where the model looks for each word: an image per prompt, a map over it per word, and heatmaps.json.",
        };
        var output = new Option<FileInfo>("--out", "-o") { Description = "Scores file (safetensors).", DefaultValueFactory = _ => new("scores.safetensors") };
        var command = new Command("attribute", "Score the weights that carry a concept.")
        {
            model, prompts, bases, objective, sampler, candidates, seeds, seed, steps, checkpointing, faithfulness, heatmaps, output,
            device, dtype, threads, json,
        };
        command.AddCheck(result =>
        {
            if (result.GetValue(objective) == AttributionObjective.Amplify)
                result.RefuseIgnored("has no effect with --objective amplify.", bases, sampler, faithfulness);
        });
        string? kept = null;
        command.SetGuardedAction(json, async (parsed, cancellation) =>
        {
            var settings = new AttributionSettings
            {
                Prompts = Pair(parsed.GetValue(prompts)!, parsed.GetValue(bases) ?? []),
                Objective = parsed.GetValue(objective),
                Sampler = parsed.GetValue(sampler),
                Candidates = parsed.GetValue(candidates),
                Seeds = [.. Enumerable.Range(0, parsed.GetValue(seeds)).Select(i => parsed.GetValue(seed) + i)],
                Steps = parsed.GetValue(steps),
                Checkpointing = parsed.GetValue(checkpointing),
            };
            var file = parsed.GetValue(output)!;
            var (summary, elapsed, check, maps) = await ProgressDisplay.RunTorch(parsed.GetValue(json), parsed.GetValue(threads), progress =>
            {
                using var pipeline = ModelLoading.Pipeline(parsed.GetValue(model)!, parsed.GetValue(device)!, parsed.GetValue(dtype)!);
                var steps = new Relay<AttributionProgress>(p => progress.Report(new WorkStep("attribute", p.Step, p.Steps)));
                using var result = ComponentAttribution.Run(pipeline, settings, steps, cancellation);
                result.Save(file.FullName, ScoresFile.BaseOf(pipeline.Unet));
                kept = $"The scores are in {file.FullName}.";
                var report = parsed.GetValue(faithfulness)
                    ? FaithfulnessCheck.Run(
                        pipeline,
                        result,
                        new FaithfulnessSettings { Seed = parsed.GetValue(seed) },
                        (step, all) => progress.Report(new WorkStep("check", step, all)),
                        cancellation)
                    : null;
                return (
                    result.Summary,
                    result.Elapsed,
                    report is null
                        ? null
                        : new Check(FaithfulnessEvidence.Summary(report, result.Summary.Stability, string.Empty), FaithfulnessEvidence.Points(report)),
                    parsed.GetValue(heatmaps) is { } folder ? HeatMapFiles.Write(folder, pipeline, settings, progress, cancellation) : null);
            });
            JsonText.Print(
                parsed.GetValue(json),
                new
                {
                    scores = file.FullName,
                    summary.Components,
                    summary.Stability,
                    summary.Layers,
                    summary.Timesteps,
                    seconds = elapsed.TotalSeconds,
                    faithfulness = check,
                    heatmaps = maps,
                },
                () => Describe(file, summary, elapsed)
                    + (check is null ? "" : Environment.NewLine + Describe(check.Figures))
                    + (maps is null ? "" : Environment.NewLine + HeatMapFiles.Describe(maps)));
            return ExitCode.Success;
        }, _ => kept ?? "No scores were written.");
        return command;
    }

    /// <summary>Joins prompts and bases.</summary>
    /// <exception cref="ArgumentException">There are several bases, but not one per prompt.</exception>
    internal static IReadOnlyList<PromptPair> Pair(string[] prompts, string[] bases) => bases.Length switch
    {
        0 => [.. prompts.Select(p => new PromptPair(p))],
        1 => [.. prompts.Select(p => new PromptPair(p, bases[0]))],
        _ when bases.Length == prompts.Length => [.. prompts.Zip(bases, (p, b) => new PromptPair(p, b))],
        _ => throw new ArgumentException($"Expected no base prompt, one, or one for each of the {prompts.Length} prompts, got {bases.Length}.", nameof(bases)),
    };

    private static string Describe(FileInfo file, AttributionSummary summary, TimeSpan elapsed)
    {
        var blocks = summary.Layers
            .GroupBy(l => l.Block, StringComparer.Ordinal)
            .Select(g => $"  {g.Key,-16} +{g.Sum(l => l.Positive),12:0.###}  -{g.Sum(l => l.Negative),12:0.###}");
        var stability = summary.Stability is { } mean ? $"{mean:0.000}" : "one seed only";
        return
            $"""
            {summary.Components:N0} weights scored in {elapsed.TotalSeconds:0.0} s; rank correlation between seeds: {stability}
            Score mass per block (helps the concept, holds it back):
            {string.Join(Environment.NewLine, blocks)}
            {file.FullName}
            """;
    }

    private static string Describe(FaithfulnessSummary check)
    {
        var random = check.Random;
        return
            $"""
            Scores against {random.N} random ablations:
              base prediction kept, the function whose gradient the score is:
                {Correlation(random.FixedBase, random.FixedBaseInterval, random.FixedBaseSpearman)}
              both predictions moving: {Correlation(random.Pearson, random.PearsonInterval, random.Spearman)}
                from all weights alike {random.RandomOnly:0.000}, from high and low scores {random.HighScoreOnly:0.000}
            Exact ablation of {check.Exact?.Groups} rows of {check.Exact?.Layer}:
              Pearson {check.Exact?.FixedBase:0.000} with the base kept, {check.Exact?.Pearson:0.000} with both moving
            COAR with {check.Coar?.Evaluations} masks on the same rows: Pearson {check.Coar?.Pearson:0.000}, Spearman {check.Coar?.Spearman:0.000}
            {random.Sampling}
            """;

        static string Correlation(double? pearson, Interval? interval, double? spearman) =>
            $"Pearson {pearson:0.000} [{interval?.Low:0.000}, {interval?.High:0.000}], Spearman {spearman:0.000}";
    }

    private sealed record Check(FaithfulnessSummary Figures, FaithfulnessPoints Points);
}
