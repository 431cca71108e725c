using System.CommandLine;
using SafetyPortal.Cli.Output;
using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Erasure.Ablation;
using SafetyPortal.Erasure.Attribution;

namespace SafetyPortal.Cli.Commands;

/// <summary><c>portal model verify</c>: reads a model folder, a patch or any safetensors file to the end and says what it is.</summary>
internal static class ModelCommand
{
    public static Command Create() => new("model", "Work with model folders and their files.") { Verify() };

    private static Command Verify()
    {
        var json = CommonOptions.Json();
        var path = new Argument<FileSystemInfo>("path")
        {
            Description = "Diffusers folder, or a .safetensors file. Default: the embedded model.",
            DefaultValueFactory = _ => new DirectoryInfo(EmbeddedModel.Folder),
        };
        var patches = new Option<FileInfo[]>("--patch") { Description = "Patch that must apply to the model, and whose result is checked; may be repeated." };
        var command = new Command("verify", "Check that a model folder or file is whole and well-formed.") { path, patches, json };
        command.SetGuardedAction(json, (parsed, _) =>
        {
            var report = parsed.GetValue(path) switch
            {
                { Exists: false } missing => throw new FileNotFoundException($"Expected a model folder or file at {missing.FullName}, there is none."),
                DirectoryInfo folder => VerifyFolder(folder, parsed.GetValue(patches) ?? []),
                FileInfo file => VerifyFile(file),
                var other => throw new InvalidDataException($"Expected a folder or a file, got {other}."),
            };
            JsonText.Print(parsed.GetValue(json), report, report.ToText);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static ModelReport VerifyFolder(DirectoryInfo folder, FileInfo[] patches)
    {
        using var pipeline = ModelLoading.Pipeline(folder);
        var digest = WeightsDigest.Of(pipeline.Unet);
        var candidates = Candidates.Of(pipeline.Unet, CandidateSet.FeedForward);
        string? patched = null;
        if (patches.Length > 0)
        {
            using var applied = ModelLoading.Apply(pipeline, patches);
            patched = WeightsDigest.Of(pipeline.Unet);
        }

        return new ModelReport(
            folder.FullName,
            "diffusers folder",
            pipeline.Unet.parameters().Sum(p => p.numel()),
            candidates.Sum(c => c.Weight.numel()),
            digest,
            patched);
    }

    private static ModelReport VerifyFile(FileInfo file)
    {
        if (file.Extension is ".ckpt" or ".pt" or ".pth" or ".bin" or ".pkl")
        {
            throw new InvalidDataException(
                $"{file.Name} is a pickle: loading one can run any code it holds, so it is refused. Convert it to safetensors where it came from.");
        }

        using var content = SafetensorsFile.Open(file.FullName);
        var values = content.Entries.Values.Sum(e => e.ElementCount);
        return new ModelReport(file.FullName, content.Metadata.GetValueOrDefault("format") ?? "safetensors", values, null, null, null);
    }

    /// <param name="Parameters">Numbers in the UNet, or in the file.</param>
    /// <param name="Candidates">Feed-forward weights that attribution would score.</param>
    /// <param name="Digest">Digest of the UNet's weights.</param>
    /// <param name="PatchedDigest">Digest with the patches applied.</param>
    private sealed record ModelReport(string Path, string Kind, long Parameters, long? Candidates, string? Digest, string? PatchedDigest)
    {
        public string ToText()
        {
            var lines = new List<string> { $"{Path}: {Kind}, {Parameters:N0} values, whole and well-formed" };
            if (Candidates is { } candidates) lines.Add($"{candidates:N0} feed-forward weights can be attributed");
            if (Digest is not null) lines.Add($"weights {Digest}");
            if (PatchedDigest is not null) lines.Add($"patched {PatchedDigest}");
            return string.Join(Environment.NewLine, lines);
        }
    }
}
