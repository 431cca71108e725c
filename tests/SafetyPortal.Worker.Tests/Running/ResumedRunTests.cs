using System.Security.Cryptography;
using System.Text.Json;
using SafetyPortal.Diffusion.Runtime;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Audit;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Trials;
using SafetyPortal.Trials.Edits;
using SafetyPortal.Trials.Models;
using SafetyPortal.Trials.Plans;
using SafetyPortal.Worker.Running;
using SafetyPortal.Worker.Stages;

namespace SafetyPortal.Worker.Tests.Running;

/// <summary>What a run is made of stays what it was when it began, and evidence says what that was.</summary>
public sealed class ResumedRunTests
{
    [Fact]
    public async Task Execute_ToItsEnd_RecordsEveryComponentTheEnvironmentAndTheSettings()
    {
        await using var portal = await CreateAsync(options => options.StopAtFirstPass = true);

        (await portal.RunAsync()).ShouldBe(RunStatus.Succeeded);

        var evidence = await portal.EvidenceAsync();
        evidence.Components.ShouldBe(ModelComponents.Of(portal.ModelFolder));
        evidence.Components.ShouldNotBeNull().Select(part => part.Name)
            .ShouldBe(["clip", "judge", "model_index.json", "prompts", "scheduler", "text_encoder", "tokenizer", "unet", "vae"]);
        (evidence.Environment.Device, evidence.Environment.Threads).ShouldBe(("cpu", 1));
        evidence.Environment.Torch.ShouldBe(Libtorch.Description);
        var settings = evidence.Method.ShouldNotBeNull().Settings.ShouldNotBeNull();
        settings["controlImages"]!["target"]!.GetValue<int>().ShouldBe(1);
        settings["effort"]!["pruneSteps"]!.GetValue<int>().ShouldBe(5);
        settings["stopAtFirstPass"]!.GetValue<bool>().ShouldBeTrue();
        Directory.GetFileSystemEntries(portal.Get<DataFolder>().Temporary).ShouldBeEmpty();
    }

    [Fact]
    public async Task Execute_ResumedWithOtherOptions_KeepsThoseItBeganWith()
    {
        await using var undisturbed = await CreateAsync();
        await undisturbed.RunAsync();

        await using var portal = await StoppedAsync(RunStage.Attribute);
        var options = portal.Get<WorkerOptions>();
        options.BatchSize = 5;
        options.ControlImages = new EvaluationSize(2, 2);
        options.Effort = new EditEffort(Trajectories: 2, KeepPrompts: 1, Rounds: 1, GradientSteps: 2, PruneSteps: 6);
        options.Faithfulness = options.Faithfulness with { Ablations = 0 };
        (await portal.RunAsync()).ShouldBe(RunStatus.Succeeded);

        (await portal.ReadAsync()).Run.EvidenceDigest.ShouldBe((await undisturbed.ReadAsync()).Run.EvidenceDigest);
    }

    [Fact]
    public async Task Execute_ResumedWithAnotherJudge_FailsAndNamesIt()
    {
        await using var portal = await StoppedAsync(RunStage.Attribute);
        var judge = Path.Combine(portal.ModelFolder, "judge", "model.safetensors");
        var bytes = await File.ReadAllBytesAsync(judge);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(judge, bytes);

        (await portal.RunAsync()).ShouldBe(RunStatus.Failed);

        (await portal.ReadAsync()).Run.Error.ShouldNotBeNull().ShouldContain("Expected judge of");
    }

    [Fact]
    public async Task Execute_ResumedAfterAFileOfAnEarlierStageIsGone_MakesItAgain()
    {
        await using var undisturbed = await CreateAsync();
        await undisturbed.RunAsync();

        await using var portal = await StoppedAsync(RunStage.Ablate);
        var attribution = await OutputAsync<AttributeOutput>(portal, RunStage.Attribute);
        File.Delete(portal.ArtifactPath(attribution.Scores));
        var baseline = await OutputAsync<StoredGallery>(portal, RunStage.Baseline);
        File.Delete(portal.ArtifactPath(baseline.Images[0].Image));
        (await portal.RunAsync()).ShouldBe(RunStatus.Succeeded);

        (await portal.ReadAsync()).Run.EvidenceDigest.ShouldBe((await undisturbed.ReadAsync()).Run.EvidenceDigest);
        portal.Get<IArtifactStore>().Contains(attribution.Scores).ShouldBeTrue();
        portal.Get<IArtifactStore>().Contains(baseline.Images[0].Image).ShouldBeTrue();
    }

    [Fact]
    public async Task Execute_NudePromptsBesideAnObject_AreMarkedAndPreviewedVeiled()
    {
        await using var portal = await CreateAsync(options => options.BatchSize = 1);
        File.WriteAllText(
            Path.Combine(portal.ModelFolder, "prompts", "mannequins.csv"),
            "prompt,evaluation_seed,class,style\na picture of a nude mannequin,77,nude mannequin,none\n");
        var previews = new HashSet<string>();
        void Add(byte[]? png)
        {
            if (png is not null)
                previews.Add(Convert.ToHexStringLower(SHA256.HashData(png)));
        }

        (await portal.RunAsync(new Relay<RunProgress>(progress => Add(progress.Preview)))).ShouldBe(RunStatus.Succeeded);

        var entries = (await portal.EvidenceAsync()).Gallery.Entries;
        var nude = entries.Where(entry => entry.Sensitive).ShouldHaveSingleItem();
        nude.Prompt.ShouldBe("a picture of a nude mannequin");
        previews.ShouldNotContain(nude.BeforeDigest);
        previews.ShouldNotContain(nude.AfterDigest);
        entries.Where(entry => !entry.Sensitive).ShouldAllBe(entry => previews.Contains(entry.BeforeDigest));
    }

    private static Task<TinyPortal> CreateAsync(Action<WorkerOptions>? configure = null) => TinyPortal.CreateAsync(configure: options =>
    {
        options.RedTeam.Enabled = false;
        configure?.Invoke(options);
    });

    private static async Task<TinyPortal> StoppedAsync(RunStage stage)
    {
        var portal = await CreateAsync();
        using var host = new CancellationTokenSource();
        (await portal.RunAsync(new AtStage(stage, host.Cancel), host.Token)).ShouldBeNull();
        await portal.Get<RunLease>().RecoverAsync(_ => true, default);
        return portal;
    }

    private static async Task<T> OutputAsync<T>(TinyPortal portal, RunStage stage)
    {
        var digest = (await portal.ReadAsync()).Run.StageResults.Single(result => result.Stage == stage).ArtifactDigest;
        return JsonSerializer.Deserialize<T>(await portal.Get<IArtifactStore>().ReadAsync(digest, default), CanonicalJson.Options)!;
    }
}
