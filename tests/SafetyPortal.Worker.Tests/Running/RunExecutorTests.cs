using SafetyPortal.Requests;
using SafetyPortal.Requests.Artifacts;
using SafetyPortal.Requests.Data;
using SafetyPortal.Requests.Evidence;
using SafetyPortal.Requests.Runs;
using SafetyPortal.Requests.Signing;
using SafetyPortal.Trials;
using SafetyPortal.Trials.Probing;
using SafetyPortal.Worker.Running;

namespace SafetyPortal.Worker.Tests.Running;

public sealed class RunExecutorTests
{
    public static TheoryData<RunStage> Stages => new(Enum.GetValues<RunStage>());

    [Fact]
    public async Task Execute_QueuedRun_EndsWithEvidenceThatAgreesWithItself()
    {
        await using var portal = await TinyPortal.CreateAsync();
        var seen = new List<RunProgress>();

        (await portal.RunAsync(new Relay<RunProgress>(seen.Add))).ShouldBe(RunStatus.Succeeded);

        var (request, run) = await portal.ReadAsync();
        request.Status.ShouldBe(RequestStatus.AwaitingDecision);
        run.StageResults.Select(s => s.Stage).Order().ShouldBe(Enum.GetValues<RunStage>());
        var evidence = await portal.EvidenceAsync();
        evidence.Verify(run.EvidenceDigest).ShouldBeEmpty();
        using var key = SigningKey.LoadOrCreate(portal.Get<DataFolder>().WorkerKey);
        var verdict = SignedVerdict.Read(run.Verdict).ShouldNotBeNull();
        verdict.IsSignedBy(key).ShouldBeTrue();
        var statement = verdict.Content.ShouldNotBeNull();
        (statement.EvidenceDigest, statement.Policy, statement.GatesPassed()).ShouldBe((run.EvidenceDigest!, evidence.Policy, run.GatesPassed == true));
        evidence.DoseCurve.Select(p => p.Dose).ShouldBe([0.02, 0.05]);
        evidence.DoseCurve[1].AblatedWeights.ShouldBe(9590); // int(0.05 n) summed over the 32 feed-forward matrices of the tiny model
        evidence.Gallery.Entries.Count.ShouldBe(6);
        evidence.Metrics.Placebo.ShouldNotBeNull();
        evidence.Controls.ShouldNotBeNull().Rows.Select(r => (r.Code, r.Role)).ShouldBe(
        [
            ("edit", ControlRole.Edit), ("gradient", ControlRole.Method), ("wanda", ControlRole.Method),
            ("random", ControlRole.Control), ("largest", ControlRole.Control),
        ]);
        evidence.Controls.Rows.Single(r => r.Code == "random").ShouldSatisfyAllConditions(
            r => r.Target.N.ShouldBe(1),
            r => r.Weights.ShouldBe(evidence.AblatedWeights));
        evidence.Controls.Rows.Single(r => r.Code == "wanda").ShouldSatisfyAllConditions(
            r => r.Target.N.ShouldBe(1),
            r => r.Weights.ShouldBeInRange(1, evidence.AblatedWeights));
        evidence.Faithfulness.ShouldNotBeNull().Random.N.ShouldBe(8);
        portal.Get<IArtifactStore>().Contains(evidence.Faithfulness.Artifact).ShouldBeTrue();
        evidence.Metrics.Fid.ShouldNotBeNull().Backbone.ShouldBe("FID (small n, demo encoder)");
        evidence.RedTeam.ShouldNotBeNull().Probes.Select(p => p.Code).ShouldBe(RedTeamOrder.Unattended);
        evidence.RedTeam.Probes.ShouldAllBe(p => p.Before.N > 0 && portal.Get<IArtifactStore>().Contains(p.Sheet!));
        evidence.Location.ShouldNotBeNull().Weights.Sum(w => w.Edited).ShouldBe(evidence.AblatedWeights);
        portal.Get<IArtifactStore>().Contains(evidence.Location.Attention.ShouldNotBeNull().Sheet).ShouldBeTrue();
        evidence.Trace.ShouldNotBeNull().Tensors.Count.ShouldBe(32);
        evidence.Specificity.ShouldNotBeNull().N.ShouldBe(2);
        foreach (var entry in evidence.Gallery.Entries)
        {
            portal.Get<IArtifactStore>().Contains(entry.BeforeDigest).ShouldBeTrue();
            portal.Get<IArtifactStore>().Contains(entry.AfterDigest).ShouldBeTrue();
        }

        seen.Select(p => p.Stage).Distinct().ShouldBe(Enum.GetValues<RunStage>());
        seen.ShouldAllBe(p => p.Steps == 0 || p.Step <= p.Steps);
    }

    [Fact]
    public async Task Execute_ImprovedMethod_EndsWithPartOfTheWeightsSuppressedAndCadBesideIt()
    {
        await using var portal = await TinyPortal.CreateAsync(EraseMethod.Improved);

        (await portal.RunAsync()).ShouldBe(RunStatus.Succeeded);

        var evidence = await portal.EvidenceAsync();
        evidence.Request.Method.ShouldBe(EraseMethod.Improved);
        var cad = evidence.Controls.ShouldNotBeNull().Rows.Single(r => r.Code == "cad");
        cad.Weights.ShouldBeInRange((long)(evidence.AblatedWeights * 0.95), evidence.AblatedWeights);
        cad.Patch.ShouldNotBe(evidence.PatchDigest);
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public async Task Execute_StoppedInAStageAndStartedAgain_EndsWithTheSameEvidence(RunStage stage)
    {
        await using var undisturbed = await TinyPortal.CreateAsync();
        await undisturbed.RunAsync();
        var (_, expected) = await undisturbed.ReadAsync();
        expected.EvidenceDigest.ShouldNotBeNull(expected.Error);

        await using var portal = await TinyPortal.CreateAsync();
        using var host = new CancellationTokenSource();
        (await portal.RunAsync(new AtStage(stage, host.Cancel), host.Token)).ShouldBeNull();
        (await portal.ReadAsync()).Run.StageResults.Count.ShouldBe((int)stage);

        await portal.Get<RunLease>().RecoverAsync(_ => true, default);
        (await portal.RunAsync()).ShouldBe(RunStatus.Succeeded);
        (await portal.ReadAsync()).Run.EvidenceDigest.ShouldBe(expected.EvidenceDigest);
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public async Task Execute_PersonCancels_StopsWithTheStageAndKeepsWhatWasFinished(RunStage stage)
    {
        await using var portal = await TinyPortal.CreateAsync();

        var status = await portal.RunAsync(new AtStage(stage, () => Cancel(portal)));

        status.ShouldBe(RunStatus.Cancelled, (await portal.ReadAsync()).Run.Error);
        var (request, run) = await portal.ReadAsync();
        request.Status.ShouldBe(RequestStatus.Cancelled);

        // A stage this small may end before the next beat brings the request to stop; none begins after it.
        run.StageResults.Count.ShouldBeInRange((int)stage, (int)stage + 1);
    }

    [Fact]
    public async Task Execute_LeaseTakenOverMeanwhile_ChangesNothingMore()
    {
        await using var portal = await TinyPortal.CreateAsync();
        async Task TakeOverAsync()
        {
            await portal.Get<RunLease>().RecoverAsync(_ => true, default);
            (await portal.Get<RunLease>().ClaimAsync(portal.RunId, "another/1/2020", default)).ShouldNotBeNull();
        }

        (await portal.RunAsync(new AtStage(RunStage.Attribute, () => TakeOverAsync().GetAwaiter().GetResult()))).ShouldBeNull();

        var (_, run) = await portal.ReadAsync();
        run.Status.ShouldBe(RunStatus.Running);
        run.LeaseOwner.ShouldBe("another/1/2020");
        run.StageResults.ShouldAllBe(s => s.Stage < RunStage.Attribute);
    }

    [Fact]
    public async Task Execute_ModelChangedOnDisk_FailsAndSaysSo()
    {
        await using var portal = await TinyPortal.CreateAsync();
        var weights = Path.Combine(portal.ModelFolder, "unet", "diffusion_pytorch_model.safetensors");
        var bytes = await File.ReadAllBytesAsync(weights);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(weights, bytes);

        (await portal.RunAsync()).ShouldBe(RunStatus.Failed);

        (await portal.ReadAsync()).Run.Error.ShouldNotBeNull().ShouldContain("changed on disk");
    }

    [Fact]
    public async Task Execute_PromptBeyondTheEncodersLimit_FailsBeforeAnythingIsPainted()
    {
        await using var portal = await TinyPortal.CreateAsync(prompt: string.Join(' ', Enumerable.Repeat("dog", 75)) + " and a church");

        (await portal.RunAsync()).ShouldBe(RunStatus.Failed);

        var (_, run) = await portal.ReadAsync();
        run.Error.ShouldNotBeNull().ShouldContain("it does not read the end: \"and a church\"");
        run.StageResults.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("revival")]
    [InlineData("amplification")]
    public async Task Execute_ProbeForAdministratorsInARun_FailsAndSaysSo(string probe)
    {
        await using var portal = await TinyPortal.CreateAsync(configure: options => options.RedTeam.Probes = [probe]);

        (await portal.RunAsync()).ShouldBe(RunStatus.Failed);

        (await portal.ReadAsync()).Run.Error.ShouldNotBeNull().ShouldContain("for administrators alone");
    }

    [Fact]
    public async Task Execute_RedTeamSwitchedOff_EndsWithEvidenceWithoutIt()
    {
        await using var portal = await TinyPortal.CreateAsync(configure: options => options.RedTeam.Enabled = false);

        (await portal.RunAsync()).ShouldBe(RunStatus.Succeeded);

        var evidence = await portal.EvidenceAsync();
        (evidence.RedTeam, evidence.Location, evidence.Trace, evidence.Specificity).ShouldBe((null, null, null, null));
    }

    [Fact]
    public async Task Execute_HeldByAnother_DoesNothing()
    {
        await using var portal = await TinyPortal.CreateAsync();
        await portal.Get<RunLease>().ClaimAsync(portal.RunId, "another/1/2020", default);

        (await portal.RunAsync()).ShouldBeNull();
        (await portal.ReadAsync()).Run.LeaseOwner.ShouldBe("another/1/2020");
    }

    // The worker goes on only once the request to stop is stored.
    private static void Cancel(TinyPortal portal) =>
        portal.Get<CancelRun>().ExecuteAsync(portal.Reviewer, portal.RequestId, default).GetAwaiter().GetResult();
}
