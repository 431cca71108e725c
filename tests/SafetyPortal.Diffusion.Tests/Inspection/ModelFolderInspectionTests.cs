using System.Security.Cryptography;
using System.Text.Json.Nodes;
using SafetyPortal.Diffusion.Inspection;
using SafetyPortal.Diffusion.Safetensors;
using SafetyPortal.Diffusion.Tests.References;
using TorchSharp;
using static TorchSharp.torch;

namespace SafetyPortal.Diffusion.Tests.Inspection;

/// <summary>Reports on folders that can be used, and on several faults at once.</summary>
public sealed class ModelFolderInspectionTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly DisposeScope scope = NewDisposeScope();

    [Fact]
    public void Inspect_ShardedModel_ListsPartsPrecisionAndDigests()
    {
        var report = ModelFolderInspection.Inspect(ReferenceFolder.At("sd2"));

        report.Problems.ShouldBeEmpty();
        report.Pipeline.ShouldBe("StableDiffusionPipeline");
        report.Architecture.ShouldBe("sizes of its own, built like Stable Diffusion 2.x, v_prediction");
        report.Parts.Select(p => p.Name).ShouldBe(["text_encoder", "unet", "vae"]);
        var unet = report.Parts.Single(p => p.Name == "unet");
        unet.Source.ShouldBe("unet/diffusion_pytorch_model.safetensors.index.json");
        unet.Precision.ShouldBe(new Dictionary<string, long>(StringComparer.Ordinal) { ["F16"] = unet.Parameters });
        using (var pipeline = StableDiffusionPipeline.Load(ReferenceFolder.At("sd2")))
            unet.Parameters.ShouldBe(pipeline.Unet.parameters().Sum(p => p.numel()));
        var index = report.Files.Single(f => f.Path == "model_index.json");
        index.Sha256.ShouldBe(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(ReferenceFolder.At("sd2", "model_index.json")))));
        report.Files.Sum(f => f.Bytes)
            .ShouldBe(Directory.GetFiles(ReferenceFolder.At("sd2"), "*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length));
    }

    [Fact]
    public void Inspect_Xl_FindsBothTextEncodersAndTheVariant()
    {
        var report = ModelFolderInspection.Inspect(ReferenceFolder.At("sdxl"));

        report.Problems.ShouldBeEmpty();
        report.Architecture.ShouldBe("sizes of its own, built like Stable Diffusion XL, epsilon");
        report.Parts.Select(p => p.Name).ShouldBe(["text_encoder", "text_encoder_2", "unet", "vae"]);
        report.Parts.Single(p => p.Name == "unet").Source.ShouldBe("unet/diffusion_pytorch_model.fp16.safetensors");
    }

    [Fact]
    public void Inspect_SeveralFaults_ReportsAll()
    {
        folder.Copy(ReferenceFolder.At("sd2"));
        File.Delete(folder.At("tokenizer", "vocab.json"));
        File.Delete(folder.At("unet", "config.json"));
        File.WriteAllText(folder.At("scheduler", "scheduler_config.json"), "{\"prediction_type\":\"flow\"}");
        (string, Tensor)[] tensors = [("encoder.conv_in.bias", ones(5)), ("more", full(1, float.NaN))];
        SafetensorsWriter.Write(folder.At("vae", "diffusion_pytorch_model.safetensors"), tensors);

        var report = ModelFolderInspection.Inspect(folder.Root);

        report.Problems.ShouldContain(p => p.Contains("vocab.json is missing", StringComparison.Ordinal));
        report.Problems.ShouldContain(p => p.StartsWith("unet/config.json: cannot be opened", StringComparison.Ordinal));
        report.Problems.ShouldContain(p => p.StartsWith("scheduler/prediction_type is 'flow'", StringComparison.Ordinal));
        var vae = report.Parts.Single(p => p.Name == "vae");
        vae.Missing.Count.ShouldBeGreaterThan(30);
        vae.Misshapen.ShouldBe(["encoder.conv_in.bias expected [4], got [5]"]);
        vae.Unexpected.ShouldBe(["more [1]"]);
        vae.NotFinite.ShouldBe(["more"]);
        report.Problems.Count(p => p.StartsWith("vae/", StringComparison.Ordinal)).ShouldBe(4);
    }

    [Fact]
    public void Inspect_TwoPrecisionsAndAPickle_SaysWhichIsRead()
    {
        folder.Copy(ReferenceFolder.At("sdxl"));
        File.Copy(folder.At("vae", "diffusion_pytorch_model.safetensors"), folder.At("vae", "diffusion_pytorch_model.fp16.safetensors"));
        File.WriteAllBytes(folder.At("unet", "diffusion_pytorch_model.bin"), [0x80, 0x02]);

        var report = ModelFolderInspection.Inspect(folder.Root);

        report.Problems.ShouldBeEmpty();
        report.Pickles.ShouldBe(["unet/diffusion_pytorch_model.bin"]);
        report.Notes.ShouldBe(["vae: diffusion_pytorch_model.fp16.safetensors is not read, because diffusion_pytorch_model.safetensors comes first"]);
    }

    [Fact]
    public void Inspect_LinkOutOfTheFolder_ReadsNothingBehindIt()
    {
        folder.Copy(ReferenceFolder.At("sd2"));
        File.CreateSymbolicLink(folder.At("unet", "notes.txt"), "/etc/hostname");

        var report = ModelFolderInspection.Inspect(folder.Root);

        report.Problems.ShouldBe(["unet/notes.txt is a link to /etc/hostname, outside the model folder"]);
        report.Files.ShouldBeEmpty();
    }

    // Files are listed down to seven levels.
    [Theory]
    [InlineData(7, "a/a/a/a/a/a/notes.txt is a link to /etc/hostname, outside the model folder")]
    [InlineData(8, null)]
    public void Inspect_LinkAtTheDeepestLevelThatIsListed_IsFound(int level, string? problem)
    {
        folder.Copy(ReferenceFolder.At("sd2"));
        var deep = folder.At([.. Enumerable.Repeat("a", level - 1)]);
        Directory.CreateDirectory(deep);
        File.CreateSymbolicLink(Path.Combine(deep, "notes.txt"), "/etc/hostname");

        var report = ModelFolderInspection.Inspect(folder.Root);

        report.Problems.ShouldBe(problem is null ? [] : [problem]);
        report.Files.ShouldNotContain(f => f.Path.EndsWith("notes.txt", StringComparison.Ordinal));
    }

    [Fact]
    public void InspectAndLoad_FolderBehindALink_AreThatFolder()
    {
        var link = folder.At("link");
        Directory.CreateSymbolicLink(link, ReferenceFolder.At("sd2"));

        var report = ModelFolderInspection.Inspect(link);

        report.Problems.ShouldBeEmpty();
        report.Files.ShouldContain(f => f.Path == "model_index.json");
        using var pipeline = StableDiffusionPipeline.Load(link);
        pipeline.Unet.Config.UseLinearProjection.ShouldBeTrue();
    }

    [Fact]
    public void Load_XlIndexWithoutForceZeros_ForcesThem()
    {
        folder.Copy(ReferenceFolder.At("sdxl"));
        var index = JsonNode.Parse(File.ReadAllText(folder.At("model_index.json")))!.AsObject();
        index.Remove("force_zeros_for_empty_prompt").ShouldBeTrue();
        File.WriteAllText(folder.At("model_index.json"), index.ToJsonString());

        using var pipeline = StableDiffusionPipeline.Load(folder.Root);

        pipeline.Second!.ZerosForEmptyPrompt.ShouldBeTrue();
    }

    // transformers 5 saves a text encoder without the prefix; older files also hold position numbers.
    [Fact]
    public void InspectAndLoad_TextEncoderWithoutPrefix_IsTheSame()
    {
        folder.Copy(ReferenceFolder.At("sd2"));
        using var before = StableDiffusionPipeline.Load(folder.Root);
        var file = folder.At("text_encoder", "model.safetensors");
        List<(string Name, Tensor Tensor)> tensors;
        using (var source = SafetensorsFile.Open(file))
            tensors = [.. source.Entries.Keys.Select(name => (name.Replace("text_model.", "", StringComparison.Ordinal), source.Read(name)))];
        SafetensorsWriter.Write(file, [.. tensors, ("embeddings.position_ids", arange(24).unsqueeze(0))]);

        ModelFolderInspection.Inspect(folder.Root).Problems.ShouldBeEmpty();
        using var after = StableDiffusionPipeline.Load(folder.Root);
        after.EncodePrompts(["a church"]).ShouldMatch(before.EncodePrompts(["a church"]), 0, "text condition");

        SafetensorsWriter.Write(file, [.. tensors, ("text_model.final_layer_norm.bias", ones(20))]);
        ModelFolderInspection.Inspect(folder.Root).Problems.ShouldHaveSingleItem()
            .ShouldContain("1 tensor not in its config.json: final_layer_norm.bias [20]");
    }

    [Fact]
    public void Load_SnapshotOfTheHubsCache_FollowsItsLinksToBlobs()
    {
        var (snapshot, blobs) = (folder.At("models--a--b", "snapshots", "0123"), folder.At("models--a--b", "blobs"));
        Directory.CreateDirectory(blobs);
        var source = ReferenceFolder.At("sd2");
        foreach (var (file, i) in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories).Select((f, i) => (f, i)))
        {
            var link = Path.Combine(snapshot, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(link)!);
            File.Copy(file, Path.Combine(blobs, $"{i}"));
            File.CreateSymbolicLink(link, Path.GetRelativePath(Path.GetDirectoryName(link)!, Path.Combine(blobs, $"{i}")));
        }

        ModelFolderInspection.Inspect(snapshot).Problems.ShouldBeEmpty();
        using var pipeline = StableDiffusionPipeline.Load(snapshot);
        pipeline.Unet.Config.UseLinearProjection.ShouldBeTrue();
    }

    [Fact]
    public void Inspect_NoSuchFolder_SaysWhere() =>
        Should.Throw<DirectoryNotFoundException>(() => ModelFolderInspection.Inspect(folder.At("nowhere"))).Message.ShouldContain("nowhere");

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }
}
