using System.CommandLine;
using SafetyPortal.Cli.Output;
using SafetyPortal.Diffusion.Inspection;
using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Diffusion.Unet;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;
using SafetyPortal.Trials.Models;

namespace SafetyPortal.Cli.Commands;

/// <summary>
/// <c>portal model verify</c> reads a model folder, a patch or any safetensors file to the end and says what it is; <c>model bake</c> applies patches for good.
/// </summary>
internal static class ModelCommand
{
    public static Command Create() => new("model", "Work with model folders and their files.") { Verify(), Bake() };

    private static Command Verify()
    {
        var json = CommonOptions.Json();
        var path = new Argument<FileSystemInfo>("path")
        {
            Description = "Diffusers folder, or a .safetensors file. Default: the embedded model.",
            DefaultValueFactory = _ => new DirectoryInfo(EmbeddedModel.Folder),
        };
        var patches = new Option<FileInfo[]>("--patch") { Description = "Patch that must apply to the model, and whose result is checked; may be repeated." };
        var command = new Command(
            "verify", "Say precisely what a model folder or file holds, and everything that is wrong with it. Exit code 1 if the folder cannot be used.")
        {
            path, patches, json,
        };
        command.AddCheck(result =>
        {
            if (result.GetValue(path) is FileInfo && result.GetValue(patches) is { Length: > 0 })
                result.AddError("--patch goes with a model folder, not with a single file.");
        });
        command.SetGuardedAction(json, (parsed, cancellation) =>
        {
            var asJson = parsed.GetValue(json);
            switch (parsed.GetValue(path))
            {
                case { Exists: false } missing:
                    throw new FileNotFoundException($"Expected a model folder or file at {missing.FullName}, there is none.");
                case DirectoryInfo folder:
                    var verdict = VerifyFolder(folder, parsed.GetValue(patches) ?? [], cancellation);
                    JsonText.Print(asJson, verdict, verdict.ToText);
                    return Task.FromResult(verdict.Whole ? ExitCode.Success : ExitCode.CheckFailed);
                case FileInfo file:
                    var content = VerifyFile(file);
                    JsonText.Print(asJson, content, content.ToText);
                    return Task.FromResult(ExitCode.Success);
                case var other:
                    throw new InvalidDataException($"Expected a folder or a file, got {other}.");
            }
        });
        return command;
    }

    private static Command Bake()
    {
        var json = CommonOptions.Json();
        var model = CommonOptions.Model();
        var output = new Argument<DirectoryInfo>("out") { Description = "Folder to make; must not exist." };
        var patches = new Option<FileInfo[]>("--patch") { Description = "Patch to apply; may be repeated, they stack in order.", Required = true };
        var single = new Option<bool>("--fp32") { Description = "Store the UNet in single precision instead of the types it is in." };
        var command = new Command("bake", "Copy a model folder with patches applied to its UNet, one tensor in memory at a time.")
        {
            output, model, patches, single, json,
        };
        command.SetGuardedAction(json, (parsed, cancellation) =>
        {
            var target = parsed.GetValue(output)!.FullName;
            var applied = parsed.GetValue(patches)!.Select(p => AblationPatch.Load(p.FullName)).ToList();
            var digest = BakedModel.Write(parsed.GetValue(model)!.FullName, target, applied, parsed.GetValue(single), cancellation);
            var changed = applied.Sum(p => p.Count);
            JsonText.Print(
                parsed.GetValue(json),
                new { path = target, digest, changedWeights = changed },
                () => $"{target}: {changed:N0} weights changed, weights {digest}");
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static ModelVerdict VerifyFolder(DirectoryInfo folder, FileInfo[] patches, CancellationToken cancellation)
    {
        var found = ModelFolderInspection.Inspect(folder.FullName, cancellation);
        var report = found with { Problems = [.. found.Problems, .. ModelCompanions.Problems(folder.FullName)] };
        var verdict = new ModelVerdict(folder.FullName, "diffusers folder", report.IsWhole, null, null, null, null, report);
        if (!report.IsWhole)
            return verdict;
        using var unet = UNet2DConditionModel.OpenWeights(Path.Combine(folder.FullName, "unet"));
        verdict = verdict with
        {
            Parameters = unet.Entries.Values.Sum(e => e.ElementCount),
            Candidates = unet.Entries.Values
                .Where(e => e.Shape.Count == 2 && Candidates.Matches(e.Name, CandidateSet.FeedForward))
                .Sum(e => e.ElementCount),
            Digest = WeightsDigest.Of(unet),
        };
        if (patches.Length == 0)
            return verdict;
        using var pipeline = ModelLoading.Pipeline(folder);
        using var applied = ModelLoading.Apply(pipeline, patches);
        return verdict with { PatchedDigest = WeightsDigest.Of(pipeline.Unet) };
    }

    private static FileContent VerifyFile(FileInfo file)
    {
        if (file.Extension is ".ckpt" or ".pt" or ".pth" or ".bin" or ".pkl")
        {
            throw new InvalidDataException(
                $"{file.Name} is a pickle: loading one can run any code it holds, so it is refused. Convert it to safetensors where it came from.");
        }

        using var content = SafetensorsFile.Open(file.FullName);
        var values = content.Entries.Values.Sum(e => e.ElementCount);
        return new FileContent(file.FullName, content.Metadata.GetValueOrDefault("format") ?? "safetensors", values);
    }

    /// <param name="Parameters">Numbers in the file.</param>
    private sealed record FileContent(string Path, string Kind, long Parameters)
    {
        public string ToText() => $"{Path}: {Kind}, {Parameters:N0} values, whole and well-formed";
    }

    /// <summary>What <c>model verify</c> says of a folder.</summary>
    /// <param name="Parameters">Numbers in the UNet; null, like the digests and candidates, if the folder is not whole.</param>
    /// <param name="Candidates">Feed-forward weights that attribution would score.</param>
    /// <param name="Digest">Digest of the UNet's weights, which patches name.</param>
    /// <param name="PatchedDigest">Digest with the patches applied.</param>
    /// <param name="Model">Parts, files and problems.</param>
    private sealed record ModelVerdict(
        string Path, string Kind, bool Whole, long? Parameters, long? Candidates, string? Digest, string? PatchedDigest, ModelFolderReport Model)
    {
        public string ToText()
        {
            var lines = new List<string> { $"{Path}: {Model.Pipeline ?? "no known pipeline"}{(Model.Architecture is { } a ? $", {a}" : "")}" };
            lines.AddRange(Model.Parts.Select(p => $"  {p.Name,-15} {p.Parameters,15:N0} parameters  {Precision(p)}  {p.Source ?? "no readable weights"}"));
            lines.AddRange(Model.Files.Select(f => $"  {f.Sha256}  {f.Bytes,15:N0}  {f.Path}"));
            lines.AddRange(Model.Pickles.Select(p => $"Pickle, never read: {p}"));
            lines.AddRange(Model.Notes.Select(n => $"Note: {n}"));
            if (Candidates is { } candidates)
                lines.Add($"{candidates:N0} feed-forward weights can be attributed");
            if (Digest is not null)
                lines.Add($"weights {Digest}");
            if (PatchedDigest is not null)
                lines.Add($"patched {PatchedDigest}");
            lines.AddRange(Model.Problems.Select(p => $"Problem: {p}"));
            lines.Add(Whole ? "Whole and well-formed." : $"Cannot be used: {Model.Problems.Count} {(Model.Problems.Count == 1 ? "problem" : "problems")}.");
            return string.Join(Environment.NewLine, lines);
        }

        private static string Precision(ModelPartReport part) =>
            string.Join(" + ", part.Precision.Select(kind => part.Precision.Count == 1 ? kind.Key : $"{kind.Value:N0} {kind.Key}"));
    }
}
