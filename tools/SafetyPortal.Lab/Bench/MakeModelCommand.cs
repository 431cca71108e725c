using System.CommandLine;
using SafetyPortal.Cli.Commands;
using SafetyPortal.Cli.Output;

namespace SafetyPortal.Lab.Bench;

/// <summary><c>portal bench make-model</c>: a model folder of a published architecture with random weights.</summary>
internal static class MakeModelCommand
{
    public static Command Create()
    {
        var json = CommonOptions.Json();
        var seed = CommonOptions.Seed();
        var output = new Argument<DirectoryInfo>("out") { Description = "Folder to write; must be empty or not exist." };
        var config = new Option<string>("--config") { Description = string.Join(", ", MakeModelPreset.Names), Required = true };
        config.AcceptOnlyFromAmong([.. MakeModelPreset.Names]);
        var dtype = CommonOptions.Dtype();
        dtype.Description = "Type the weights are stored in: fp32, bf16 or fp16.";
        var shards = CommonOptions.Number("--shards", "Files the weights of the UNet are spread over.", 1, most: 999);
        var tokenizer = new Option<DirectoryInfo?>("--tokenizer")
        {
            Description = "Folder to take the tokenizer's files from; without it a tokenizer without merges is written.",
        };
        var command = new Command("make-model", "Write a model folder of a published architecture with random weights, one tensor in memory at a time.")
        {
            output, config, dtype, seed, shards, tokenizer, json,
        };
        command.SetGuardedAction(json, (parsed, cancellation) =>
        {
            var folder = parsed.GetValue(output)!;
            if (folder.Exists && folder.EnumerateFileSystemInfos().Any())
                throw new InvalidDataException($"Expected an empty or new folder to write to, {folder.FullName} holds something already.");
            var preset = MakeModelPreset.Read(parsed.GetValue(config)!);
            var report = MakeModelFolder.Write(
                preset,
                folder.FullName,
                ModelLoading.Types[parsed.GetValue(dtype)!],
                parsed.GetValue(seed),
                parsed.GetValue(shards),
                parsed.GetValue(tokenizer)?.FullName,
                cancellation);
            JsonText.Print(parsed.GetValue(json), report, report.ToText);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
