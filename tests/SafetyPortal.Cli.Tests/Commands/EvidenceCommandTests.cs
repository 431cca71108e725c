using System.IO.Compression;
using System.Text.Json;
using SafetyPortal.Cli.Output;
using SafetyPortal.Tests;

namespace SafetyPortal.Cli.Tests.Commands;

/// <summary>A run of the tiny model, exported, verified elsewhere and generated again.</summary>
public sealed class EvidenceCommandTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("evidence");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Verify_ExportedPack_IsSoundAndItsPairsComeOutTheSame()
    {
        var model = TinyModelFolder.Create(Path.Combine(folder.FullName, "models"));
        var data = Path.Combine(folder.FullName, "data");
        var pack = Path.Combine(folder.FullName, "pack.zip");
        await CommandLineRun.ToEndAsync(
            "once", "--model", model, "--data", data, "--concept", "object:church", "--dose", "0.05", "--targets", "2", "--per-concept", "2",
            "--image-steps", "2", "--attribution-steps", "3", "--attribution-seeds", "2", "--threads", "1", "--json");
        string[] export = ["evidence", "export", "1", pack, "--data", data];
        (await CommandLineRun.ToEndAsync(export)).ExitCode.ShouldBe(ExitCode.Success);
        (await CommandLineRun.ToEndAsync(export)).ExitCode.ShouldBe(ExitCode.BadInput, "an existing file is not overwritten");

        var result = await CommandLineRun.ToEndAsync(
            "evidence", "verify", pack, "--rerun", "2", "--model", model, "--trust", Path.Combine(data, "keys", "audit-signing.pem.pub"), "--json");

        result.ExitCode.ShouldBe(ExitCode.Success, result.Output + result.Error);
        var json = JsonSerializer.Deserialize<JsonElement>(result.Output);
        json.GetProperty("sound").GetBoolean().ShouldBeTrue();
        json.GetProperty("trusted").GetBoolean().ShouldBeTrue();
        var images = json.GetProperty("rerun").GetProperty("images").EnumerateArray().ToList();
        images.Select(image => image.GetProperty("side").GetString()).ShouldBe(["before", "after", "before", "after"]);
        images.ShouldAllBe(image => image.GetProperty("exact").GetBoolean());
        images.Select(image => image.GetProperty("seen").GetString()).ShouldBe(images.Select(image => image.GetProperty("label").GetString()));
        images.ShouldAllBe(image => image.GetProperty("seen").GetString()!.Length > 0);

        var distrusted = await CommandLineRun.ToEndAsync("evidence", "verify", pack, "--trust", Path.Combine(data, "keys", "worker-signing.pem.pub"));
        distrusted.ExitCode.ShouldBe(ExitCode.CheckFailed);
        distrusted.Output.ShouldContain("keys/audit.pem");

        Replace(pack, "decisions.json", "{}"u8.ToArray());
        var tampered = await CommandLineRun.ToEndAsync("evidence", "verify", pack);
        tampered.ExitCode.ShouldBe(ExitCode.CheckFailed);
        tampered.Output.ShouldStartWith("The evidence pack is NOT sound: decisions.json: expected");
    }

    [Fact]
    public async Task Verify_WhatIsNoPack_SaysSo()
    {
        var file = Path.Combine(folder.FullName, "pack.zip");
        await File.WriteAllTextAsync(file, "no zip");

        (await CommandLineRun.ToEndAsync("evidence", "verify", file)).ExitCode.ShouldBe(ExitCode.CheckFailed);
        (await CommandLineRun.ToEndAsync("evidence", "verify", file + ".missing")).ExitCode.ShouldBe(ExitCode.BadInput);
        (await CommandLineRun.ToEndAsync("evidence", "verify", file, "--rerun", "-1")).ExitCode.ShouldBe(ExitCode.Usage);
    }

    private static void Replace(string pack, string name, byte[] content)
    {
        using var zip = ZipFile.Open(pack, ZipArchiveMode.Update);
        zip.GetEntry(name)!.Delete();
        using var entry = zip.CreateEntry(name).Open();
        entry.Write(content);
    }
}
