using SafetyPortal.Requests;
using SafetyPortal.Requests.Accounts;
using SafetyPortal.Web.Admin;
using SafetyPortal.Web.Hosting;
using SafetyPortal.Worker;

namespace SafetyPortal.Web.Tests.Admin;

/// <summary>Imports copies of the embedded model, whole and damaged.</summary>
public sealed class ImportModelTests : IAsyncLifetime
{
    private readonly string models = Directory.CreateTempSubdirectory("models-").FullName;
    private Portal portal = default!;
    private Actor administrator = default!;

    public async Task InitializeAsync()
    {
        portal = await Portal.StartAsync(models);
        administrator = await portal.ActorAsync(Roles.Administrator);
    }

    public async Task DisposeAsync()
    {
        await portal.DisposeAsync();
        Directory.Delete(models, recursive: true);
    }

    [Fact]
    public async Task Import_EmbeddedModel_IsListedWithItsDigest()
    {
        Copy("whole");

        var model = await Import.ExecuteAsync(administrator, "whole", default);

        model.Objects.ShouldContain("church");
        model.DrawsNudity.ShouldBeTrue();
        (await Import.FoldersAsync(default)).ShouldHaveSingleItem().Registered!.Digest.ShouldBe(model.Digest);
    }

    [Fact]
    public async Task Import_WeightsOfAnotherShape_NamesTheTensor()
    {
        var config = Path.Combine(Copy("misshapen"), "unet", "config.json");
        var text = await File.ReadAllTextAsync(config);
        var changed = text.Replace("\"block_out_channels\": [\n    48", "\"block_out_channels\": [\n    96", StringComparison.Ordinal);
        changed.ShouldNotBe(text);
        await File.WriteAllTextAsync(config, changed);

        var refusal = await RefusalAsync("misshapen");

        refusal.ShouldStartWith("misshapen cannot be imported:");
        refusal.ShouldContain("conv_in.weight");
    }

    [Fact]
    public async Task Import_SafetensorsWithAnAbsurdHeader_IsRefused()
    {
        var weights = Path.Combine(Copy("hostile"), "unet", "diffusion_pytorch_model.safetensors");
        await using (var file = File.OpenWrite(weights))
            file.Write(BitConverter.GetBytes(ulong.MaxValue));

        (await RefusalAsync("hostile")).ShouldContain("header");
    }

    [Theory]
    [InlineData("vae")]
    [InlineData("prompts")]
    [InlineData("model_index.json")]
    public async Task Import_PartMissing_NamesIt(string part)
    {
        var path = Path.Combine(Copy("partial"), part);
        if (File.Exists(path))
            File.Delete(path);
        else
            Directory.Delete(path, recursive: true);

        (await RefusalAsync("partial")).ShouldContain(part);
    }

    // A downloaded folder holds neither prompts nor judge: the operator supplies prompts, which say what it draws, and a CLIP, which replaces the judge.
    [Fact]
    public async Task Import_OnlyThePipeline_TakesWhatTheOperatorSupplied()
    {
        var folder = Copy("downloaded");
        var supplied = Directory.CreateDirectory(Path.Combine(models, ".supplied")).FullName;
        foreach (var part in new[] { "prompts", "clip" })
            Directory.Move(Path.Combine(folder, part), Path.Combine(supplied, part));
        Directory.Delete(Path.Combine(folder, "judge"), recursive: true);
        var evaluation = portal.Get<WorkerOptions>().Evaluation;

        (await RefusalAsync("downloaded")).ShouldContain("Worker:Evaluation:Prompts");
        (evaluation.Prompts, evaluation.Clip) = (Path.Combine(supplied, "prompts"), Path.Combine(supplied, "clip"));

        (await Import.ExecuteAsync(administrator, "downloaded", default)).Objects.ShouldContain("church");
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("..")]
    [InlineData("nowhere")]
    public async Task Import_FolderOutsideOrMissing_IsRefused(string name) => (await RefusalAsync(name)).ShouldContain("cannot be imported");

    [Fact]
    public async Task Import_ByAReviewer_IsDenied() =>
        await Should.ThrowAsync<NotAllowedException>(async () => await Import.ExecuteAsync(await portal.ActorAsync(Roles.Reviewer), "whole", default));

    private ImportModel Import => portal.Get<ImportModel>();

    private async Task<string> RefusalAsync(string folder) =>
        (await Should.ThrowAsync<InvalidRequestException>(() => Import.ExecuteAsync(administrator, folder, default))).Message;

    private string Copy(string name)
    {
        var source = Path.Combine(AppRoot.Find(), "models", "demo");
        var target = Path.Combine(models, name);
        foreach (var file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        return target;
    }
}
